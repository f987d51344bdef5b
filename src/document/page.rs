//! The page of an entry, free of any language: what was told, what was done, what can be done.

use super::Say;
use crate::domain::Day;

/// The page of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The customer's name.
    pub customer: String,
    /// Which message it is from.
    pub about: Say,
    /// Why it was told, as it was worded then.
    pub reasons: Vec<String>,
    /// What was done last.
    pub said: Option<Say>,
    /// What is wrong with what was entered.
    pub wrong: Option<Say>,
    /// Whether it can be marked done: not when it was last.
    pub done: bool,
    /// Whether it can be given back: not when it was last.
    pub not_mine: bool,
    /// Days to snooze until, with their names.
    pub days: Vec<(Day, Say)>,
    /// The first and the last day that can be chosen.
    pub range: (Day, Day),
    /// The day that was entered, as it was.
    pub entered: String,
    /// Whom it can be handed to: id, name, and whether they were chosen.
    pub colleagues: Vec<(String, String, bool)>,
    /// Until when it can be acted on.
    pub good_until: Say,
}

/// A page that only says something.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    /// The heading.
    pub title: Say,
    /// What can be done now.
    pub text: Say,
    /// A button that does it, where one tap can.
    pub button: Option<Say>,
    /// Whether a customer reads it, who knows the shop and not us.
    pub outside: bool,
}

impl Sign {
    /// One for people of the house, without a button.
    pub fn of(title: Say, text: Say) -> Sign {
        Sign { title, text, button: None, outside: false }
    }
}
