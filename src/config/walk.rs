//! The first look at a file: unknown keys, missing keys and wrong types, all at once. serde stops at
//! the first; so the file is held against the same JSON Schema that editors get.
//!
//! A mistyped key hides nothing else: it is read as the key that was meant, or taken out.

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, nearest, one_of};

/// What the first look found.
pub(super) struct Walked {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// Whether what is left cannot be read any further.
    pub(super) stuck: bool,
    /// Secrets that stand in the file itself: they must not be printed.
    pub(super) secrets: Vec<std::ops::Range<usize>>,
}

/// Holds a parsed file against the schema, and takes out what can be left out.
pub(super) fn walk(table: &mut Spanned<DeTable<'_>>, schema: &Json) -> Walked {
    let found = Walked { problems: Vec::new(), stuck: false, secrets: Vec::new() };
    let mut walker = Walker { root: schema, found };
    let span = table.span();
    walker.table(table.get_mut(), &span, schema, "");
    walker.found
}

struct Walker<'s> {
    root: &'s Json,
    found: Walked,
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

    fn table(
        &mut self,
        table: &mut DeTable<'_>,
        span: &std::ops::Range<usize>,
        schema: &'s Json,
        path: &str,
    ) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let any = schema.get("additionalProperties").filter(|s| s.is_object());
        let known: Vec<&str> = properties.map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
        let (mut unusable, mut strangers) = (Vec::new(), Vec::new());
        for (key, value) in table.iter_mut() {
            let name = key.get_ref().as_ref();
            let below = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            match properties.and_then(|p| p.get(name)).or(any) {
                Some(schema) if self.value(value, self.resolve(schema), &below) => {}
                Some(_) => unusable.push(name.to_owned()),
                None => {
                    let place =
                        if path.is_empty() { "at the top".to_owned() } else { format!("in `{path}`") };
                    let problem = Problem::error(format!("unknown key `{name}` {place}"));
                    self.found.problems.push(problem.at(key.span(), one_of(name, &known)));
                    strangers.push(name.to_owned());
                }
            }
        }
        for name in unusable {
            table.remove(name.as_str());
        }
        for name in strangers {
            let Some((key, value)) = table.remove_entry(name.as_str()) else { continue };
            let meant =
                nearest(&name, known.iter().copied()).filter(|near| !table.contains_key(near.as_str()));
            let schema = meant.as_ref().and_then(|near| properties?.get(near));
            if let Some((meant, value)) = meant.zip(schema.and_then(|schema| self.instead(value, schema))) {
                table.insert(Spanned::new(key.span(), meant.into()), value);
            }
        }
        self.missing(table, span, schema, path);
    }

    /// The value of a mistyped key, if it fits the key that was meant.
    fn instead<'v>(
        &mut self,
        mut value: Spanned<DeValue<'v>>,
        schema: &'s Json,
    ) -> Option<Spanned<DeValue<'v>>> {
        let found = Walked { problems: Vec::new(), stuck: false, secrets: Vec::new() };
        let mut walker = Walker { root: self.root, found };
        let fits = walker.value(&mut value, walker.resolve(schema), "") && walker.found.problems.is_empty();
        self.found.secrets.append(&mut walker.found.secrets);
        fits.then_some(value)
    }

    fn missing(&mut self, table: &DeTable<'_>, span: &std::ops::Range<usize>, schema: &'s Json, path: &str) {
        let properties = schema.get("properties").and_then(Json::as_object);
        let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
        for name in required.filter_map(Json::as_str).filter(|name| !table.contains_key(*name)) {
            let place = if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") };
            let what = properties.and_then(|p| p.get(name)).and_then(|s| self.description(s));
            let mut problem = Problem::error(format!("{place} lacks `{name}`"));
            if !path.is_empty() {
                problem = problem.at(span.clone(), "here");
            }
            self.found.stuck = true;
            self.found.problems.push(match what {
                Some(what) => problem.help(format!("{name}: {what}")),
                None => problem,
            });
        }
    }

    fn description(&self, schema: &'s Json) -> Option<String> {
        let text = schema.get("description").or_else(|| self.resolve(schema).get("description"));
        text.and_then(Json::as_str).map(|text| text.replace('\n', " "))
    }

    /// Whether a value can stay; what cannot is told.
    fn value(&mut self, value: &mut Spanned<DeValue<'_>>, schema: &'s Json, path: &str) -> bool {
        let wanted = match schema.get("type") {
            Some(Json::String(name)) => name.as_str(),
            Some(Json::Array(names)) => {
                names.iter().filter_map(Json::as_str).find(|n| *n != "null").unwrap_or("")
            }
            _ => "",
        };
        let span = value.span();
        match (wanted, value.get_mut()) {
            ("object", DeValue::Table(table)) => self.table(table, &span, schema, path),
            ("object", _) if schema.pointer("/properties/credential").is_some() => {
                let problem = Problem::error(format!("`{path}` is written into this file"));
                let problem = problem.at(span.clone(), "a secret is never in this file itself");
                let help = "{ file = \"…\" }, { credential = \"…\" } or { env = \"…\" }";
                self.found.problems.push(problem.help(help));
                self.found.secrets.push(span);
                self.found.stuck = true;
            }
            ("array", DeValue::Array(items)) => {
                if let Some(of) = schema.get("items") {
                    let of = self.resolve(of);
                    for item in items.iter_mut() {
                        self.value(item, of, path);
                    }
                }
            }
            ("string", DeValue::String(_))
            | ("boolean", DeValue::Boolean(_))
            | ("number", DeValue::Float(_) | DeValue::Integer(_))
            | ("", _) => {}
            ("integer", DeValue::Integer(number)) => return self.integer(number, span, schema, path),
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
                self.found.problems.push(problem.at(span, label));
                self.found.stuck = true;
            }
        }
        true
    }

    fn integer(
        &mut self,
        number: &toml::de::DeInteger<'_>,
        span: std::ops::Range<usize>,
        schema: &Json,
        path: &str,
    ) -> bool {
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
            self.found.problems.push(Problem::error(format!("`{path}` is out of range")).at(span, label));
        }
        fits
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
