//! What holds for every chart: readable SVG, finite numbers, the same output, and labels that keep apart.

use proptest::prelude::*;
use resvg::usvg::{Group, Node, Rect, Tree};

use super::*;

fn tick(v: f64) -> String {
    format!("{v} %")
}

fn point(n: usize, value: Option<f64>) -> Point {
    Point {
        label: format!("M{n}"),
        value,
        text: value.filter(|v| v.abs() < 1e9).map(|v| format!("{v:.2} %")).unwrap_or_default(),
    }
}

fn trend(values: &[Option<f64>]) -> Picture {
    let before = values.iter().rev().map(|v| v.map(|v| v * 0.9)).collect();
    Picture::Trend(Trend {
        title: "Churn <fell> & \"stayed\" low".into(),
        series: "monthly churn".into(),
        points: values.iter().enumerate().map(|(n, v)| point(n, *v)).collect(),
        before: Some(Before { label: "a year before".into(), values: before }),
        band: Some(Band { low: 0.0, high: 1.0, label: "usual band: up to 1 %".into() }),
        levels: vec![
            Level { at: 5.0, label: "told over 5 %".into(), breaches: true },
            Level { at: 4.0, label: "back at 4 %".into(), breaches: false },
        ],
        marks: vec![
            Mark { at: 1, begins: true },
            Mark { at: 2, begins: false },
            Mark { at: 99, begins: true },
        ],
    })
}

fn waterfall(amounts: &[f64]) -> Picture {
    let kinds = [StepKind::Total, StepKind::Up, StepKind::Down, StepKind::Down, StepKind::Up];
    let step = |(n, amount): (usize, &f64)| Step {
        label: format!("step number {n}"),
        amount: *amount,
        text: if amount.abs() < 1e9 { format!("{amount:.0} €") } else { "—".into() },
        kind: kinds[n % kinds.len()],
    };
    Picture::Waterfall(Waterfall {
        title: "Less".into(),
        steps: amounts.iter().enumerate().map(step).collect(),
    })
}

fn bars(values: &[f64]) -> Picture {
    let bar = |(n, value): (usize, &f64)| Bar {
        label: format!("{n}–{} €", n + 1),
        value: *value,
        text: if value.abs() < 1e9 { format!("{value:.1}") } else { "—".into() },
        strong: n == 2,
    };
    Picture::Bars(Bars {
        title: "Many".into(),
        axis: "value".into(),
        bars: values.iter().enumerate().map(bar).collect(),
    })
}

fn share(value: f64) -> String {
    if value.abs() < 1e9 { format!("{:.0} %", value * 100.0) } else { "—".into() }
}

fn heat(values: &[f64], months: usize) -> Picture {
    let cell = |value: &f64| Cell {
        share: *value,
        text: share(*value),
        bare: share(*value).trim_end_matches(" %").to_owned(),
    };
    let row = |(n, first): (usize, &f64)| Cohort {
        label: format!("Sep {}", 2000 + n),
        size: format!("{}", n * n * 37),
        cells: (0..months.saturating_sub(n))
            .map(|month| values.get(month).filter(|v| **v != 0.0 || *first > 0.0).map(cell))
            .collect(),
    };
    Picture::Heat(Heat {
        title: "Many stay".into(),
        axis: "months since joining, in % of the start".into(),
        start: "at start".into(),
        rows: values.iter().enumerate().map(row).collect(),
    })
}

/// Curves that fall by the values, the first with a band, each a little below the one before.
fn survival(values: &[f64], curves: usize) -> Picture {
    let highest = values.iter().copied().filter(|v| v.is_finite()).fold(1.0, |a: f64, b| a.max(b.abs()));
    let steps = |which: usize| -> Vec<(f64, f64)> {
        let mut left = 1.0;
        let fall = |(n, value): (usize, &f64)| {
            left *= 1.0 - (value / highest).abs() * 0.3 - scale::count(which) * 0.01;
            (scale::count(n * (which + 2)), left)
        };
        values.iter().enumerate().map(fall).collect()
    };
    let curve = |which: usize| Curve {
        label: format!("curve {which}"),
        last: share(steps(which).last().map_or(1.0, |(_, left)| *left)),
        steps: steps(which),
        band: steps(which).iter().map(|(month, left)| (*month, left - 0.1, left + 0.1)).collect(),
        median: steps(which).iter().find(|(_, left)| *left <= 0.5).map(|(months, _)| Median {
            months: *months,
            text: format!("{months}"),
            words: format!("half left after {months} months"),
        }),
    };
    Picture::Survival(Survival {
        title: "Half stay".into(),
        axis: "months since joining".into(),
        levels: [0.0, 0.25, 0.5, 0.75, 1.0].map(|level| (level, share(level))).to_vec(),
        band: "95 % confidence".into(),
        curves: (0..curves).map(curve).collect(),
    })
}

fn ranked(values: &[f64]) -> Picture {
    let bar = |(n, value): (usize, &f64)| Rank {
        label: format!("segment {n}"),
        text: if value.abs() < 1e9 { format!("{value:.1}") } else { "—".into() },
        value: *value,
        tick: (n % 3 != 0).then_some(value * 1.2),
        alarming: n % 4 == 1,
    };
    Picture::Ranked(Ranked {
        title: "Some are large".into(),
        axis: "customers; the tick is a month before".into(),
        bars: values.iter().enumerate().map(bar).collect(),
        more: if values.len() > 12 { format!("{} more", values.len() - 12) } else { String::new() },
    })
}

fn pairs(values: &[f64]) -> Picture {
    let text = |value: f64| if value.abs() < 1e9 { format!("{value:.1}") } else { "—".into() };
    let group = |(n, value): (usize, &f64)| {
        let values = [*value, value * 0.8 + 0.1];
        Pair { label: format!("{n}"), values, texts: values.map(text) }
    };
    Picture::Pairs(Pairs {
        title: "As foreseen".into(),
        axis: "purchases".into(),
        names: ["customers".into(), "expected".into()],
        groups: values.iter().enumerate().map(group).collect(),
    })
}

fn grid(values: &[f64]) -> Picture {
    let square = |(n, value): (usize, &f64)| Square {
        name: format!("kind {}", n % 3),
        number: value.abs(),
        text: if value.abs() < 1e9 { format!("{value:.0}") } else { "—".into() },
        marked: n % 2 == 1,
    };
    let squares: Vec<Square> = values.iter().enumerate().map(square).collect();
    Picture::Grid(Grid {
        title: "Some have gone quiet".into(),
        axis: "customers by fifths".into(),
        ends: ["купують нещодавно й регулярно", "давно", "рідко та на малі суми", "often"].map(String::from),
        rows: squares.chunks(5).map(<[Square]>::to_vec).collect(),
    })
}

fn sparks(values: &[f64]) -> Picture {
    let row = |(n, value): (usize, &f64)| Spark {
        name: format!("figure {n}"),
        values: values.iter().map(|v| ((*v - *value).abs() > 0.0 || n == 0).then_some(*v)).collect(),
        low: "1.0 %".into(),
        high: "4.2 %".into(),
        last: if value.abs() < 1e9 { format!("{value:.2} %") } else { "—".into() },
    };
    Picture::Sparks(Sparks {
        title: "Three at their highest".into(),
        axis: "from October 2025 to October 2026".into(),
        heads: ["lowest", "highest", "latest"].map(String::from),
        rows: values.iter().enumerate().map(row).collect(),
    })
}

/// Sequences that charts have broken on, and many that are merely different.
fn sequences() -> Vec<Vec<f64>> {
    let mut all = vec![
        vec![],
        vec![0.0],
        vec![3.0],
        vec![0.0; 13],
        vec![-1.0, -2.0, 0.5, -0.2],
        vec![1.0, 1.1, 0.9, 4000.0, 1.0],
        vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE],
        vec![1e-12; 5],
        vec![470_000.0, 12_000.0, 9_000.0, 22_000.0, 3_000.0],
    ];
    let mut seed = 11_u64;
    for length in (4..=60).step_by(4) {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(seed >> 40).unwrap_or(0)) / f64::from(1_u32 << 24)
        };
        let (shift, spread) = (next() - 0.2, 10f64.powf(next() * 6.0 - 2.0));
        all.push((0..length).map(|_| (next() + shift) * spread).collect());
    }
    all
}

/// The same picture with words as long as some languages make them.
fn wordy(mut picture: Picture) -> Picture {
    match &mut picture {
        Picture::Trend(trend) => {
            trend.series = "отток регулярной ежемесячной выручки".into();
            trend.points.iter_mut().for_each(|p| p.label = "сентябрь 2026 года".into());
        }
        Picture::Waterfall(waterfall) => {
            for step in &mut waterfall.steps {
                step.label = "Clientes reconquistados em outubro".into();
                step.text = "+R$ 1.204.500,00".into();
            }
        }
        Picture::Bars(bars) => {
            for bar in &mut bars.bars {
                bar.label = "Extraordinarily long name".into();
                bar.text = "R$ 1.204.500,00".into();
            }
        }
        Picture::Heat(heat) => {
            heat.axis = "месяцев после заключения первого договора, в процентах от начала".into();
            for row in &mut heat.rows {
                row.label = "Kundenzufriedenheitsverbesserung".into();
                row.size = "R$ 1.204.500,00".into();
            }
        }
        Picture::Grid(grid) => {
            for square in grid.rows.iter_mut().flatten() {
                square.name = "Kundenzufriedenheitsverbesserung".into();
                square.text = "1.204.500".into();
            }
        }
        Picture::Sparks(sparks) => {
            for row in &mut sparks.rows {
                row.name = "Доля клиентов, оставшихся дольше двадцати четырёх месяцев".into();
                row.last = "R$ 1.204.500,00".into();
                row.low.clone_from(&row.last);
            }
        }
        Picture::Survival(survival) => {
            survival.axis = "месяцев после заключения первого договора на обслуживание оборудования".into();
            for curve in &mut survival.curves {
                curve.label = "Kundenzufriedenheitsverbesserung im Außendienst".into();
            }
        }
        Picture::Ranked(ranked) => {
            for bar in &mut ranked.bars {
                bar.label = "Константин Константинопольский-Рождественский из отдела продаж".into();
                bar.text = "R$ 1.204.500,00 (39 de 40)".into();
            }
        }
        Picture::Pairs(pairs) => {
            pairs.names =
                ["Kundenzufriedenheit".into(), "ожидалось по модели покупательского поведения".into()];
            for group in &mut pairs.groups {
                group.label = "Extraordinarily long name".into();
                group.texts = ["R$ 1.204.500,00".into(), "R$ 1,00".into()];
            }
        }
    }
    picture
}

fn pictures() -> Vec<Picture> {
    let mut all = Vec::new();
    for values in sequences() {
        all.push(trend(&values.iter().map(|v| Some(*v)).collect::<Vec<_>>()));
        all.push(trend(&values.iter().map(|v| (*v > 0.3).then_some(*v)).collect::<Vec<_>>()));
        all.push(waterfall(&values.iter().map(|v| v.abs()).collect::<Vec<_>>()));
        all.push(bars(&values));
        let shares: Vec<f64> = values.iter().map(|v| v.abs() % 1.3).collect();
        all.push(heat(&shares, 13));
        all.push(heat(&shares[..shares.len().min(4)], 6));
        all.push(survival(&values, values.len().clamp(1, 7)));
        all.push(survival(&values, 1));
        all.push(ranked(&values));
        all.extend([pairs(&values), grid(&values), sparks(&values)]);
    }
    let long: Vec<Picture> =
        all.iter().step_by(3).chain(all.iter().rev().step_by(4)).cloned().map(wordy).collect();
    all.extend(long);
    all
}

fn texts(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(inner) => texts(inner, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(|c| c.text().to_owned()).collect();
                found.push((words, text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

#[test]
fn every_picture_is_finite_and_the_same_twice() {
    for picture in pictures() {
        let drawn = svg(&picture, &tick);
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{picture:?}\n{drawn}");
        assert_eq!(drawn, svg(&picture, &tick));
    }
}

/// What is wrong with how the picture's words stand: cut by the card's edge, or over one another.
fn misplaced(picture: &Picture) -> Vec<String> {
    let is_tall =
        matches!(picture, Picture::Heat(_) | Picture::Ranked(_) | Picture::Grid(_) | Picture::Sparks(_));
    let tallest = if is_tall { 620.0 } else { 420.0 };
    faults(&svg(picture, &tick), tallest)
}

fn faults(drawn: &str, tallest: f32) -> Vec<String> {
    let tree = Tree::from_str(drawn, &png::options(drawn)).unwrap();
    let (width, height) = (tree.size().width(), tree.size().height());
    let mut wrong = Vec::new();
    if (width - 600.0).abs() > 0.01 || !(80.0..tallest).contains(&height) {
        wrong.push(format!("the card is {width} by {height}"));
    }
    let mut all = Vec::new();
    texts(tree.root(), &mut all);
    for (n, (words, area)) in all.iter().enumerate() {
        if area.left() < 0.0 || area.right() > 600.0 || area.top() < 0.0 || area.bottom() > height {
            wrong.push(format!("{words:?} is cut: {area:?}"));
        }
        for (others, other) in &all[n + 1..] {
            let apart = area.right() <= other.left() + 0.5
                || other.right() <= area.left() + 0.5
                || area.bottom() <= other.top() + 4.0
                || other.bottom() <= area.top() + 4.0;
            if !apart {
                wrong.push(format!("{words:?} {area:?} meets {others:?} {other:?}"));
            }
        }
    }
    wrong
}

#[test]
fn every_picture_is_readable_and_its_words_keep_apart() {
    for picture in pictures() {
        assert_eq!(misplaced(&picture), Vec::<String>::new(), "{picture:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_is_drawn_is_finite_and_its_words_keep_apart(
        values in prop::collection::vec(prop_oneof![9 => 0.0..1.2_f64, 1 => any::<f64>()], 1..=14),
        curves in 1..=6_usize,
        months in 1..=15_usize,
        long in any::<bool>(),
    ) {
        let small = [grid(&values), sparks(&values), ranked(&values), pairs(&values)];
        for picture in [heat(&values, months), survival(&values, curves)].into_iter().chain(small) {
            let picture = if long { wordy(picture) } else { picture };
            let drawn = svg(&picture, &tick);
            prop_assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{picture:?}\n{drawn}");
            prop_assert_eq!(misplaced(&picture), Vec::<String>::new(), "{:?}", picture);
        }
    }
}

/// The look above finds what it looks for.
#[test]
fn words_over_one_another_and_over_the_edge_are_found() {
    let found = |texts: &[(f64, f64)]| {
        let mut canvas = draw::Canvas::default();
        for &(x, y) in texts {
            let (style, anchor) = (words::plain(13.0), draw::Anchor::Start);
            canvas.text(&draw::Text { x, y, words: "word", style, fill: draw::INK, anchor, rim: None });
        }
        faults(&canvas.finish(200.0, "t"), 420.0).len()
    };
    assert_eq!(found(&[(20.0, 50.0), (20.0, 80.0), (80.0, 50.0)]), 0);
    assert_eq!(found(&[(20.0, 50.0), (30.0, 54.0)]), 1);
    assert_eq!(found(&[(580.0, 50.0), (20.0, 199.0), (-1.0, 50.0)]), 3);
}

#[test]
fn words_are_escaped_in_place() {
    let drawn = svg(&trend(&[Some(1.0), Some(2.0)]), &|v| format!("{v}<&>\u{1}"));
    assert!(drawn.contains("Churn &lt;fell&gt; &amp; &quot;stayed&quot; low"));
    assert!(!drawn.contains("<fell>") && !drawn.contains('\u{1}'));
}

#[test]
fn negative_values_have_the_zero_line_inside() {
    let drawn = svg(&trend(&[Some(-1.0), Some(0.5), Some(1.0), Some(-0.4)]), &tick);
    let zero = drawn.lines().find(|line| line.contains(draw::ZERO)).unwrap();
    let y: f64 = zero.split_whitespace().nth(2).and_then(|s| s.split('L').next()).unwrap().parse().unwrap();
    assert!(y > 90.0 && y < 220.0, "{zero}");
}

/// What a level is called never lies across the line: where the plot has no room, it stands at its end.
#[test]
fn the_name_of_a_level_keeps_off_the_line() {
    let values = [1.4, 2.2, 0.85, 0.8, 2.4, 1.95, 2.65, 1.5, 1.4, 2.7, 2.95, 1.3, 4.0];
    for label in ["back at 2 %", "de vuelta en 2 %", "возврат при 2 %", "повернення за 2 %, якщо не вище"]
    {
        let Picture::Trend(mut one) = trend(&values.map(Some)) else { panic!() };
        one.levels = vec![Level { at: 2.0, label: label.into(), breaches: false }];
        (one.band, one.before, one.marks) = (None, None, Vec::new());
        let drawn = svg(&Picture::Trend(one), &tick);
        let tree = Tree::from_str(&drawn, &png::options(&drawn)).unwrap();
        let mut all = Vec::new();
        texts(tree.root(), &mut all);
        let first = label.split(' ').next().unwrap();
        let (_, area) = all.iter().find(|(words, _)| words.contains(first)).unwrap();
        let path = drawn.lines().find(|line| line.contains("stroke-width=\"2.75\"")).unwrap();
        let points: Vec<(f64, f64)> = path.split('"').nth(1).unwrap()[1..]
            .split('L')
            .map(|point| {
                point.split_once(' ').map(|(x, y)| (x.parse().unwrap(), y.parse().unwrap())).unwrap()
            })
            .collect();
        let words = room::Area {
            left: area.left().into(),
            top: area.top().into(),
            right: area.right().into(),
            bottom: area.bottom().into(),
        };
        let crossed = points.windows(2).any(|pair| words.crossed_by(pair[0], pair[1]));
        assert!(!crossed, "{label}: {words:?}\n{path}");
    }
}

#[test]
fn a_gap_breaks_the_line() {
    let whole = svg(&trend(&[Some(1.0), Some(2.0), Some(1.0), Some(2.0), Some(1.5)]), &tick);
    let gapped = svg(&trend(&[Some(1.0), Some(2.0), None, Some(2.0), Some(1.5)]), &tick);
    let lines =
        |drawn: &str| drawn.matches(&format!("stroke=\"{}\" stroke-width=\"2.75\"", draw::ACCENT)).count();
    assert_eq!((lines(&whole), lines(&gapped)), (1, 2));
}

#[test]
fn mixed_scripts_are_drawn_in_one_script_each() {
    let mut picture = bars(&[1.0, 2.0]);
    if let Picture::Bars(bars) = &mut picture {
        bars.title = "ARR 客户 12 %".into();
    }
    let drawn = svg(&picture, &tick);
    for line in drawn.lines().filter(|line| line.starts_with("<text")) {
        let words = line.split('>').nth(1).unwrap_or_default();
        assert!(!(words.contains("ARR") && words.contains('客')), "{line}");
    }
    assert!(png(&drawn).is_ok());
}
