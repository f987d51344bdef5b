//! Tables on paper: how wide their columns are, and where they may be cut.

use super::paper::{BAD, Element, INK, LEFT, Mark, Paper, Part, QUIET, RULE, RULE_STRONG, WIDTH, baseline};
use crate::render::chart::print::{Line, Print};
use crate::render::view::{FiguresView, TableView};

/// Between two columns.
const GAP: f64 = 14.0;
/// Above and below the words of a row.
const PAD: f64 = 4.0;
/// Rows that are not left alone under their heading.
const ROWS_TOGETHER: usize = 2;

const CELL: Print = Print { size: 8.5, bold: false, ink: INK };
const HEAD: Print = Print { size: 8.0, bold: true, ink: QUIET };
const REMARK: Print = Print { size: 8.0, bold: false, ink: QUIET };
const TITLE: Print = Print { size: 12.0, bold: true, ink: INK };

/// What stands in a cell: texts under one another.
#[derive(Debug, Clone, PartialEq)]
struct Cell {
    texts: Vec<(String, Print)>,
    right: bool,
}

impl Cell {
    fn of(text: &str, print: Print, right: bool) -> Cell {
        Cell { texts: vec![(text.to_owned(), print)], right }
    }

    /// On one line each.
    fn natural(&self) -> f64 {
        self.texts.iter().map(|(text, print)| print.width(text)).fold(0.0, f64::max)
    }

    /// Without breaking a word.
    fn least(&self) -> f64 {
        self.texts.iter().map(|(text, print)| print.least(text)).fold(0.0, f64::max)
    }

    fn lines(&self, room: f64) -> Vec<(String, Print)> {
        let lines = |(text, print): &(String, Print)| {
            let print = *print;
            print.lines(text, room).into_iter().map(move |line| (line, print))
        };
        self.texts.iter().flat_map(lines).collect()
    }
}

fn leading(print: Print) -> f64 {
    (print.size * 1.4).round()
}

/// The words of a cell, laid out.
struct Set {
    right: bool,
    /// Each line with how far below the row's edge its baseline is.
    lines: Vec<(f64, String, Print)>,
    height: f64,
}

impl Set {
    /// In a column so wide.
    fn of(cell: &Cell, width: f64) -> Set {
        let mut height = PAD;
        let mut lines = Vec::new();
        for (words, print) in cell.lines(width) {
            lines.push((baseline(height, print, leading(print)), words, print));
            height += leading(print);
        }
        Set { right: cell.right, lines, height: height + PAD }
    }

    fn lower(&mut self, by: f64) {
        self.lines.iter_mut().for_each(|(y, ..)| *y += by);
        self.height += by;
    }
}

/// A row, laid out.
struct Row {
    cells: Vec<Set>,
    height: f64,
}

impl Row {
    /// Its first lines stand on one line; those of a head have the last ones on one.
    fn of(cells: &[Cell], columns: &[(f64, f64)], is_head: bool) -> Row {
        let cells = cells.iter().zip(columns).map(|(cell, (_, width))| Set::of(cell, *width));
        let mut cells: Vec<Set> = cells.collect();
        let line = |set: &Set| if is_head { set.lines.last() } else { set.lines.first() }.map(|(y, ..)| *y);
        let shared = cells.iter().filter_map(line).fold(0.0, f64::max);
        for set in &mut cells {
            set.lower(line(set).map_or(0.0, |own| shared - own));
        }
        let height = cells.iter().map(|set| set.height).fold(0.0, f64::max);
        Row { cells, height }
    }
}

/// A table, laid out.
struct Grid {
    /// Where each column begins, and how wide it is.
    columns: Vec<(f64, f64)>,
    head: Row,
    rows: Vec<Row>,
}

impl Grid {
    fn of(head: &[Cell], rows: &[Vec<Cell>]) -> Grid {
        let widths = widths(head, rows);
        let mut x = LEFT;
        let columns: Vec<(f64, f64)> = widths
            .into_iter()
            .map(|width| {
                let column = (x, width);
                x += width + GAP;
                column
            })
            .collect();
        let rows = rows.iter().map(|cells| Row::of(cells, &columns, false)).collect();
        Grid { head: Row::of(head, &columns, true), rows, columns }
    }

    /// Puts a row; `part` says which part of the document each column is.
    fn put(&self, paper: &mut Paper, row: &Row, part: impl Fn(usize) -> Part) {
        for (column, (set, (x, width))) in row.cells.iter().zip(&self.columns).enumerate() {
            for (below, words, print) in &set.lines {
                let x = if set.right { x + width } else { *x };
                let (y, words) = (paper.y() + below, words.clone());
                let line = Line { x, y, right: set.right, words, print: *print };
                paper.put(part(column), Mark::Words(line));
            }
        }
        paper.advance(row.height);
    }

    fn put_head(&self, paper: &mut Paper, part: impl Fn(usize) -> Part) {
        self.put(paper, &self.head, part);
        paper.rule((LEFT, WIDTH), 1.2, RULE_STRONG);
    }

    /// The height of the heading with the rows that must be under it.
    fn start(&self) -> f64 {
        self.head.height + self.rows.iter().take(ROWS_TOGETHER).map(|row| row.height).sum::<f64>()
    }

    /// Puts it, with its heading again on each page; the last row keeps what follows with it.
    fn flow(&self, paper: &mut Paper, table: usize, follows: f64) {
        paper.keep(self.start());
        self.put_head(paper, |column| Part::Cell(table, 0, column));
        for (n, row) in self.rows.iter().enumerate() {
            let with = if n + 1 == self.rows.len() { follows } else { 0.0 };
            if n > 0 && paper.keep(row.height + with) {
                self.put_head(paper, |_| Part::Aside);
            }
            self.put(paper, row, |column| Part::Cell(table, n + 1, column));
            paper.rule((LEFT, WIDTH), 0.6, RULE);
        }
    }
}

/// As browsers do it: each column as wide as it wants and a share of what is left; where that is too much, each
/// at least as wide as its longest word.
fn widths(head: &[Cell], rows: &[Vec<Cell>]) -> Vec<f64> {
    let of = |measure: fn(&Cell) -> f64| -> Vec<f64> {
        let cells = |n: usize| rows.iter().filter_map(move |row| row.get(n));
        let widest = |n: usize| cells(n).chain(head.get(n)).map(measure).fold(0.0, f64::max);
        (0..head.len()).map(widest).collect()
    };
    let (natural, least) = (of(Cell::natural), of(Cell::least));
    let room = WIDTH - GAP * head.len().saturating_sub(1) as f64;
    let (wanted, needed): (f64, f64) = (natural.iter().sum(), least.iter().sum());
    // A hundredth of a point, so that what was measured to fit does.
    let slack = 0.01;
    if wanted <= 0.0 {
        vec![room / head.len().max(1) as f64; head.len()]
    } else if wanted <= room {
        natural.iter().map(|width| width * room / wanted + slack).collect()
    } else if needed <= room {
        let share = (room - needed) / (wanted - needed);
        natural.iter().zip(&least).map(|(natural, least)| least + (natural - least) * share + slack).collect()
    } else {
        least.iter().map(|width| width * room / needed + slack).collect()
    }
}

/// The headline figures: each with its values, and its remark below its name.
pub(super) fn figures(paper: &mut Paper, figures: &FiguresView) {
    let now = Print { size: 11.0, bold: true, ink: INK };
    let others = Print { size: 9.5, bold: false, ink: QUIET };
    let name = Print { size: 9.5, bold: false, ink: INK };
    let mut head = vec![Cell { texts: Vec::new(), right: false }];
    for (place, text) in figures.columns.iter().enumerate() {
        head.push(Cell::of(text, HEAD, true));
        // Beside what it was, what the figure did since: under it, it would take a line more.
        head.extend((place > 0).then(|| Cell { texts: Vec::new(), right: false }));
    }
    let rows = figures.rows.iter().map(|figure| {
        let mut first = Cell::of(&figure.name, name, false);
        if !figure.remark.is_empty() {
            let ink = if figure.alarming { BAD } else { QUIET };
            first.texts.push((figure.remark.clone(), Print { ink, ..REMARK }));
        }
        let mut cells = vec![first, Cell::of(&figure.now, now, true)];
        for other in &figure.others {
            cells.push(Cell::of(&other.value, others, true));
            let texts = (!other.change.is_empty()).then(|| (other.change.clone(), REMARK));
            cells.push(Cell { texts: texts.into_iter().collect(), right: false });
        }
        cells
    });
    let grid = Grid::of(&head, &rows.collect::<Vec<_>>());
    paper.gap(14.0);
    let table = paper.element(Element::Table);
    grid.flow(paper, table, 0.0);
}

/// A table under its title, and how many rows are not shown.
pub(super) fn table(paper: &mut Paper, table: &TableView) {
    let head: Vec<Cell> = table.columns.iter().map(|c| Cell::of(&c.text, HEAD, c.numeric)).collect();
    let cells = |row: &Vec<crate::render::view::CellView>| {
        row.iter().map(|cell| Cell::of(&cell.text, CELL, cell.numeric)).collect()
    };
    let grid = Grid::of(&head, &table.rows.iter().map(cells).collect::<Vec<Vec<Cell>>>());
    heading(paper, &table.title, grid.start());
    let number = paper.element(Element::Table);
    let cut = 4.0 + leading(REMARK);
    grid.flow(paper, number, if table.cut.is_some() { cut } else { 0.0 });
    if let Some(text) = &table.cut {
        let part = Part::Of(paper.element(Element::Paragraph));
        paper.gap(4.0);
        paper.paragraph(part, text, REMARK, leading(REMARK));
    }
}

/// A heading, with so much of what it is over on its page.
fn heading(paper: &mut Paper, title: &str, over: f64) {
    const LEADING: f64 = 17.0;
    let lines = TITLE.lines(title, WIDTH).len() as f64;
    paper.gap(22.0);
    paper.keep(lines * LEADING + over);
    paper.bookmark(title);
    let part = Part::Of(paper.element(Element::Heading(title.to_owned())));
    paper.paragraph(part, title, TITLE, LEADING);
}
