//! Tables as files: a workbook with typed cells, CSV that no spreadsheet takes for formulas.

use rust_xlsxwriter::{ExcelDateTime, Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::locale::Locale;
use super::view::tidy;
use crate::document::{Table, Value};
use crate::domain::{Money, Period};

/// Longest sheet name Excel takes, in characters.
const SHEET_NAME_MAX: usize = 31;

/// One workbook, a sheet a table: typed numbers, a frozen header, widths that fit. `created` is the
/// as-of instant, so that equal input gives equal bytes.
pub fn xlsx(tables: &[Table], created: jiff::civil::DateTime, locale: &Locale) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let mut names = std::collections::HashSet::new();
    let properties = rust_xlsxwriter::DocProperties::new().set_creation_datetime(&excel(created)?);
    workbook.set_properties(&properties);
    for (i, table) in tables.iter().enumerate() {
        let sheet = workbook.add_worksheet();
        let mut name = sheet_name(&locale.say(&table.title), i);
        // Excel takes no two equal names, whatever their case.
        if !names.insert(name.to_lowercase()) {
            name = format!("{} {}", i + 1, name.chars().take(SHEET_NAME_MAX - 4).collect::<String>());
        }
        sheet.set_name(name)?;
        fill_sheet(sheet, table, locale)?;
    }
    workbook.save_to_buffer()
}

fn excel(at: jiff::civil::DateTime) -> Result<ExcelDateTime, XlsxError> {
    let year = u16::try_from(at.year()).unwrap_or(1900);
    ExcelDateTime::from_ymd(year, at.month() as u8, at.day() as u8)?.and_hms(
        at.hour() as u16,
        at.minute() as u8,
        at.second() as u8,
    )
}

/// Excel refuses some characters, names over 31 characters and two equal names.
fn sheet_name(title: &str, at: usize) -> String {
    let clean: String = title.chars().map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c }).collect();
    let mut name: String = clean.chars().take(SHEET_NAME_MAX - 4).collect();
    if at > 0 && title.chars().count() > SHEET_NAME_MAX - 4 {
        name = format!("{name} {}", at + 1);
    }
    if name.trim().is_empty() { format!("{}", at + 1) } else { name.trim().to_owned() }
}

fn fill_sheet(sheet: &mut Worksheet, table: &Table, locale: &Locale) -> Result<(), XlsxError> {
    let head = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top);
    sheet.set_freeze_panes(1, 0)?;
    let mut widths: Vec<usize> = Vec::new();
    for (c, column) in table.columns.iter().enumerate() {
        let title = locale.say(&column.title);
        widths.push(title.chars().count().clamp(6, 18));
        let head = if column.numeric { head.clone().set_align(FormatAlign::Right) } else { head.clone() };
        sheet.write_string_with_format(0, c as u16, title, &head)?;
    }
    for (r, row) in table.rows.iter().enumerate() {
        for (c, value) in row.iter().enumerate() {
            cell(sheet, r as u32 + 1, c as u16, value, locale)?;
            let shown = locale.value(value).chars().count();
            widths[c] = widths[c].max(shown.min(48));
        }
    }
    for (c, width) in widths.iter().enumerate() {
        sheet.set_column_width(c as u16, *width as f64 + 2.0)?;
    }
    let last = table.columns.len().saturating_sub(1) as u16;
    sheet.autofilter(0, 0, table.rows.len() as u32, last)?;
    Ok(())
}

/// Text is only ever written as a string: what looks like a formula or a link stays text.
fn cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    value: &Value,
    locale: &Locale,
) -> Result<(), XlsxError> {
    let number = |pattern: &str| Format::new().set_num_format(pattern);
    match value {
        Value::Count(n) | Value::Signed(n) => {
            sheet.write_number_with_format(row, column, *n as f64, &number("#,##0"))?
        }
        Value::Money(money) | Value::Gain(money) => {
            let decimals = "0".repeat(usize::from(money.currency.exponent()));
            let dot = if decimals.is_empty() { "" } else { "." };
            let pattern = format!("#,##0{dot}{decimals} \"{}\"", money.currency);
            sheet.write_number_with_format(row, column, money.approximate(), &number(&pattern))?
        }
        Value::Rate(ratio) | Value::SmallRate(ratio) | Value::Bound(ratio) => {
            sheet.write_number_with_format(row, column, ratio.approximate(), &number("0.0%"))?
        }
        Value::Percent(share) => sheet.write_number_with_format(row, column, *share, &number("0.0%"))?,
        Value::Number(n, decimals) => {
            let pattern = format!("0.{}", "0".repeat(usize::from((*decimals).max(1))));
            sheet.write_number_with_format(row, column, *n, &number(&pattern))?
        }
        Value::Day(date) | Value::DayFull(date) => sheet.write_datetime_with_format(
            row,
            column,
            excel(date.at(0, 0, 0, 0))?,
            &number("yyyy-mm-dd"),
        )?,
        Value::Month(date) => {
            sheet.write_datetime_with_format(row, column, excel(date.at(0, 0, 0, 0))?, &number("yyyy-mm"))?
        }
        Value::Empty => sheet,
        other => sheet.write_string(row, column, words(other, locale))?,
    };
    Ok(())
}

/// A table as CSV: UTF-8 with a mark that Excel needs, exact numbers, ISO dates.
pub fn csv(table: &Table, locale: &Locale) -> Result<Vec<u8>, csv::Error> {
    let mut out = "\u{feff}".as_bytes().to_vec();
    let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::NonNumeric).from_writer(&mut out);
    writer.write_record(table.columns.iter().map(|c| locale.say(&c.title)))?;
    for row in &table.rows {
        writer.write_record(row.iter().map(|value| field(value, locale)))?;
    }
    writer.flush()?;
    drop(writer);
    Ok(out)
}

/// Rows one after the other, as CSV for machines: headings are names, and there is no mark before them.
pub struct Rows<W: std::io::Write> {
    writer: csv::Writer<W>,
    locale: Locale,
}

impl<W: std::io::Write> Rows<W> {
    /// Writes the headings.
    pub fn new(out: W, columns: &[&str], locale: Locale) -> Result<Rows<W>, csv::Error> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(columns)?;
        Ok(Rows { writer, locale })
    }

    /// Writes a row: exact amounts, ISO dates, numbers with all their digits.
    pub fn write(&mut self, row: &[Value]) -> Result<(), csv::Error> {
        // Whoever loads it looks ids up: nothing is put before what a spreadsheet would take for a formula.
        let plain = |value: &Value| match value {
            Value::Text(text) => text.clone(),
            other => field(other, &self.locale),
        };
        self.writer.write_record(row.iter().map(plain))
    }

    /// The last of it.
    pub fn finish(mut self) -> std::io::Result<()> {
        self.writer.flush()
    }
}

fn field(value: &Value, locale: &Locale) -> String {
    match value {
        Value::Count(n) | Value::Signed(n) => n.to_string(),
        Value::Money(money) | Value::Gain(money) => exact(*money),
        Value::Rate(ratio) | Value::SmallRate(ratio) | Value::Bound(ratio) => {
            format!("{:.6}", ratio.approximate())
        }
        Value::Percent(share) => format!("{share:.6}"),
        Value::Number(n, _) => n.to_string(),
        Value::Day(date) | Value::DayFull(date) => date.to_string(),
        Value::Month(date) => format!("{:04}-{:02}", date.year(), date.month()),
        Value::Period(period) | Value::PeriodShort(period) => span(period),
        other => harmless(&words(other, locale)),
    }
}

/// What a cell says: words of ours begin in upper case, the shop's own text stays as it was written.
pub(super) fn words(value: &Value, locale: &Locale) -> String {
    match value {
        Value::Say(say) if say.key != "value.none" => tidy(&locale.say(say)),
        Value::Period(_) | Value::PeriodShort(_) => tidy(&locale.value(value)),
        other => locale.value(other),
    }
}

/// What a spreadsheet would take for a formula gets an apostrophe before it.
fn harmless(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if risky { format!("'{text}") } else { text.to_owned() }
}

fn span(period: &Period) -> String {
    format!("{}/{}", period.start.date(), period.last().date())
}

/// An amount with all its decimals, without grouping.
pub fn exact(money: Money) -> String {
    let decimals = usize::from(money.currency.exponent());
    let sign = if money.minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", money.minor.abs(), width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    if rest.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Currency;

    #[test]
    fn formulas_stay_text_and_amounts_stay_exact() {
        for bad in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "＝1"] {
            assert!(harmless(bad).starts_with('\''), "{bad}");
        }
        assert_eq!(harmless("Ana"), "Ana");
        let money = |minor, code| Money::new(minor, Currency::from_code(code).unwrap());
        assert_eq!(exact(money(-5, "BRL")), "-0.05");
        assert_eq!(exact(money(45058, "USD")), "450.58");
        assert_eq!(exact(money(1200, "JPY")), "1200");
    }

    #[test]
    fn the_shops_own_text_is_not_touched() {
        let locale = Locale::load("en").unwrap();
        for text in ["eBay  .", "n/a", "a :b"] {
            assert_eq!(field(&Value::Text(text.to_owned()), &locale), text);
        }
        assert_eq!(field(&crate::document::Say::new("value.none").into(), &locale), "n/a");
    }

    #[test]
    fn sheet_names_are_what_excel_takes() {
        assert_eq!(sheet_name("a/b:c", 0), "a b c");
        assert!(sheet_name(&"x".repeat(80), 3).chars().count() <= SHEET_NAME_MAX);
    }
}
