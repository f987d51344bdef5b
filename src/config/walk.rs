//! The first look at a file: unknown keys, missing keys and wrong types, all at once. serde stops at
//! the first; so the file is held against the same JSON Schema that editors get.

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, one_of};

/// Holds a parsed file against the schema.
pub(super) fn walk(table: &Spanned<DeTable<'_>>, schema: &Json) -> Vec<Problem> {
    let mut walker = Walker { root: schema, problems: Vec::new() };
    walker.table(table.get_ref(), &table.span(), schema, "");
    walker.problems
}

struct Walker<'s> {
    root: &'s Json,
    problems: Vec<Problem>,
}

impl<'s> Walker<'s> {
    /// Follows a reference, and takes the first real type of an optional one.
    fn resolve(&self, schema: &'s Json) -> &'s Json {
        if let Some(path) = schema.get("$ref").and_then(Json::as_str) {
            let found = self.root.pointer(path.trim_start_matches('#'));
            return found.map_or(schema, |found| self.resolve(found));
        }
        let choices = schema.get("anyOf").and_then(Json::as_array);
        let real =
            choices.and_then(|all| all.iter().find(|s| s.get("type").and_then(Json::as_str) != Some("null")));
        real.map_or(schema, |real| self.resolve(real))
    }

    fn table(&mut self, table: &DeTable<'_>, span: &std::ops::Range<usize>, schema: &'s Json, path: &str) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let any = schema.get("additionalProperties").filter(|s| s.is_object());
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            if let Some(schema) = properties.and_then(|p| p.get(name)).or(any) {
                self.value(value, self.resolve(schema), &below);
            } else {
                let known: Vec<&str> =
                    properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
                let place = if path.is_empty() { "at the top".to_owned() } else { format!("in `{path}`") };
                let problem = Problem::error(format!("unknown key `{name}` {place}"));
                self.problems.push(problem.at(key.span(), one_of(name, &known)));
            }
        }
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str).filter(|name| !table.contains_key(*name)) {
            let place = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
            let what = properties.and_then(|p| p.get(name)).and_then(|s| self.description(s));
            let mut problem = Problem::error(format!("{place} lacks `{name}`"));
            if !path.is_empty() {
                problem = problem.at(span.clone(), "here");
            }
            self.problems.push(match what {
                Some(what) => problem.help(format!("{name}: {what}")),
                None => problem,
            });
        }
    }

    fn description(&self, schema: &'s Json) -> Option<String> {
        let text = schema.get("description").or_else(|| self.resolve(schema).get("description"));
        text.and_then(Json::as_str).map(|text| text.replace('\n', " "))
    }

    fn value(&mut self, value: &Spanned<DeValue<'_>>, schema: &'s Json, path: &str) {
        let wanted = match schema.get("type") {
            Some(Json::String(name)) => name.as_str(),
            Some(Json::Array(names)) => {
                names.iter().filter_map(Json::as_str).find(|n| *n != "null").unwrap_or("")
            }
            _ => "",
        };
        match (wanted, value.get_ref()) {
            ("object", DeValue::Table(table)) => self.table(table, &value.span(), schema, path),
            ("array", DeValue::Array(items)) => {
                if let Some(of) = schema.get("items") {
                    let of = self.resolve(of);
                    for item in items {
                        self.value(item, of, path);
                    }
                }
            }
            ("string", DeValue::String(_))
            | ("boolean", DeValue::Boolean(_))
            | ("number", DeValue::Float(_) | DeValue::Integer(_))
            | ("", _) => {}
            ("integer", DeValue::Integer(number)) => self.integer(number, value.span(), schema, path),
            (wanted, found) => {
                let article = |kind: &str| match kind {
                    "object" => "a table",
                    "array" => "a list: [\"…\"]",
                    "string" => "text: \"…\"",
                    "boolean" => "true or false",
                    "integer" => "a whole number",
                    _ => "a number",
                };
                let problem = Problem::error(format!("`{path}` is of the wrong type"));
                let label = format!("wanted {}, this is {}", article(wanted), described(found));
                self.problems.push(problem.at(value.span(), label));
            }
        }
    }

    fn integer(
        &mut self,
        number: &toml::de::DeInteger<'_>,
        span: std::ops::Range<usize>,
        schema: &Json,
        path: &str,
    ) {
        let read = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix());
        let bound = |name: &str| schema.get(name).and_then(Json::as_i64);
        let fits = read.as_ref().is_ok_and(|n| {
            bound("minimum").is_none_or(|min| *n >= min) && bound("maximum").is_none_or(|max| *n <= max)
        });
        if !fits {
            let label = match (bound("minimum"), bound("maximum")) {
                (Some(min), Some(max)) => format!("from {min} to {max}"),
                (Some(min), None) => format!("{min} or more"),
                _ => "a whole number of 64 bits".to_owned(),
            };
            self.problems.push(Problem::error(format!("`{path}` is out of range")).at(span, label));
        }
    }
}

fn described(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date; write it in quotes",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
