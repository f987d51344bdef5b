//! Figures as they were published: told once, never changed; a later report may tell another value.

use jiff::Timestamp;
use rusqlite::{Connection, Result, params};

use super::to_micros;
use crate::domain::{Day, Published, Ratio};

/// Keeps what the occurrence `at` of a job published.
pub fn keep(c: &Connection, job: &str, at: Timestamp, published: &[Published]) -> Result<()> {
    let mut insert = c.prepare_cached(
        "INSERT INTO figure (job, scope, definition, first_day, end_day, at, numerator, denominator, churned)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
    )?;
    for p in published {
        // A rate is of counts of customers: both fit.
        let (numerator, denominator) = (p.rate.numerator() as i64, p.rate.denominator() as i64);
        let churned = p.churned.as_ref().map(|ids| serde_json::json!(ids).to_string());
        insert.execute(params![
            job,
            p.scope,
            p.definition,
            p.from.0,
            p.to.0,
            to_micros(at),
            numerator,
            denominator,
            churned
        ])?;
    }
    Ok(())
}

/// What a job last published of each period before the occurrence `at`.
pub fn before(c: &Connection, job: &str, at: Timestamp) -> Result<Vec<Published>> {
    let mut statement = c.prepare_cached(
        "SELECT scope, definition, first_day, end_day, numerator, denominator, churned, max(at) FROM figure
         WHERE job = ?1 AND at < ?2 GROUP BY scope, definition, first_day, end_day ORDER BY first_day",
    )?;
    let rows = statement.query_map(params![job, to_micros(at)], |row| {
        let churned: Option<String> = row.get(6)?;
        let rate = Ratio::of(row.get::<_, i64>(4)?.into(), row.get::<_, i64>(5)?.into());
        Ok(rate.map(|rate| Published {
            scope: row.get(0).unwrap_or_default(),
            definition: row.get(1).unwrap_or_default(),
            from: Day(row.get(2).unwrap_or_default()),
            to: Day(row.get(3).unwrap_or_default()),
            rate,
            churned: churned.and_then(|ids| serde_json::from_str(&ids).ok()),
        }))
    })?;
    rows.filter_map(Result::transpose).collect()
}
