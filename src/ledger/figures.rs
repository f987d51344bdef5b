//! Figures as they were published: told once, never changed; a later report may tell another value.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::to_micros;
use crate::domain::{Day, Published, Ratio, Sketch};

/// Keeps what the occurrence `at` of a job published.
pub fn keep(c: &Connection, job: &str, at: Timestamp, published: &[Published]) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO figure (job, scope, definition, first_day, end_day, at, numerator, denominator, sketch)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?;
    // Only what was told last is held against what is so.
    let mut supersede = c.prepare_cached(
        "UPDATE figure SET sketch = NULL WHERE job = ?1 AND scope = ?2 AND definition = ?3 AND first_day = ?4
           AND end_day = ?5 AND at < ?6 AND sketch IS NOT NULL",
    )?;
    for p in published {
        supersede.execute(params![job, p.scope, p.definition, p.from.0, p.to.0, to_micros(at)])?;
        // Counts of customers and sums of their money: both fit.
        let (numerator, denominator) = (p.rate.numerator() as i64, p.rate.denominator() as i64);
        insert.execute(params![
            job,
            p.scope,
            p.definition,
            p.from.0,
            p.to.0,
            to_micros(at),
            numerator,
            denominator,
            p.sketch.as_ref().map(Sketch::to_bytes)
        ])?;
    }
    Ok(())
}

/// What a job last published of each period that began on `from` or later, before the occurrence `at`; without the
/// sketches, of which few are asked for: [`sketch()`].
pub fn before(c: &Connection, job: &str, at: Timestamp, from: Day) -> Result<Vec<Published>> {
    let mut statement = c.prepare_cached(
        "SELECT scope, definition, first_day, end_day, numerator, denominator, max(at) FROM figure
         WHERE job = ?1 AND at < ?2 AND first_day >= ?3
         GROUP BY scope, definition, first_day, end_day ORDER BY first_day",
    )?;
    let rows = statement.query_map(params![job, to_micros(at), from.0], |row| {
        let rate = Ratio::of(row.get::<_, i64>(4)?.into(), row.get::<_, i64>(5)?.into());
        Ok(rate.map(|rate| Published {
            scope: row.get(0).unwrap_or_default(),
            definition: row.get(1).unwrap_or_default(),
            from: Day(row.get(2).unwrap_or_default()),
            to: Day(row.get(3).unwrap_or_default()),
            rate,
            sketch: None,
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// Who a published figure was made of; `None` where that is not known any more.
pub fn sketch(c: &Connection, job: &str, at: Timestamp, of: &Published) -> Result<Option<Sketch>> {
    let mut statement = c.prepare_cached(
        "SELECT sketch FROM figure WHERE job = ?1 AND scope = ?2 AND definition = ?3 AND first_day = ?4
           AND end_day = ?5 AND at < ?6 ORDER BY at DESC LIMIT 1",
    )?;
    let of = params![job, of.scope, of.definition, of.from.0, of.to.0, to_micros(at)];
    let kept: Option<Option<Vec<u8>>> = statement.query_row(of, |row| row.get(0)).optional()?;
    Ok(kept.flatten().as_deref().and_then(Sketch::from_bytes))
}

/// Forgets who a job's figures were made of whose periods began before a day.
pub fn forget(c: &Connection, job: &str, from: Day) -> Result<usize> {
    c.prepare_cached(
        "UPDATE figure SET sketch = NULL WHERE job = ?1 AND first_day < ?2 AND sketch IS NOT NULL",
    )?
    .execute(params![job, from.0])
}

/// Forgets who figures were made of that were told before an instant, of at most `limit`: a report restates
/// such a figure without names.
pub fn purge(c: &Connection, before: Timestamp, limit: usize) -> Result<usize> {
    c.prepare_cached(
        "UPDATE figure SET sketch = NULL WHERE (job, scope, definition, first_day, end_day, at) IN (
           SELECT job, scope, definition, first_day, end_day, at FROM figure
           WHERE at < ?1 AND sketch IS NOT NULL LIMIT ?2)",
    )?
    .execute(params![to_micros(before), limit as i64])
}

#[cfg(test)]
mod tests {
    use super::super::{Access, Ledger};
    use super::*;
    use crate::domain::sketch::Part;

    #[test]
    fn who_a_figure_was_made_of_is_known_of_what_was_told_last_and_may_be_told_again() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db"), Access::Daemon).unwrap();
        let figure = |from: i32, n: i64| {
            let mut sketch = Sketch::default();
            sketch.add(Part { key: 7, num: n, den: 40 });
            let rate = Ratio::of(n.into(), 40).unwrap();
            let (scope, definition) = (String::new(), "contract/cohort".to_owned());
            Published {
                scope,
                definition,
                from: Day(from),
                to: Day(from + 30),
                rate,
                sketch: Some(sketch.fitted()),
            }
        };
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let (may, june, again) = (figure(100, 1), figure(130, 2), figure(130, 3));
        let told = ledger.run_blocking(move |c| {
            keep(c, "j", at(131), std::slice::from_ref(&may))?;
            keep(c, "j", at(161), std::slice::from_ref(&june))?;
            keep(c, "j", at(162), std::slice::from_ref(&again))?;
            let known = before(c, "j", at(163), Day(100))?;
            let rates: Vec<Ratio> = known.iter().map(|p| p.rate).collect();
            assert_eq!(rates, [may.rate, again.rate]);
            assert_eq!(before(c, "j", at(163), Day(101))?.len(), 1);
            assert_eq!(sketch(c, "j", at(163), &known[1])?, again.sketch);
            // Of what was told before that, nobody asks any more.
            assert_eq!(sketch(c, "j", at(162), &known[1])?, None);
            assert_eq!((forget(c, "other", Day(130))?, forget(c, "j", Day(130))?), (0, 1));
            assert_eq!(sketch(c, "j", at(163), &known[0])?, None);
            assert_eq!((purge(c, at(162), 10)?, purge(c, at(163), 10)?), (0, 1));
            before(c, "j", at(163), Day(100))
        });
        assert_eq!(told.unwrap().len(), 2, "the figures stay");
    }
}
