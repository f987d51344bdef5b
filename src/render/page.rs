//! What the templates of an entry's page see: its words in one language, as plain strings.

use serde::Serialize;

use super::locale::Locale;
use super::view::tidy;
use crate::document::page::{Page, Sign};
use crate::document::{Say, Value};
use crate::domain::Day;

/// The page of an entry, worded.
#[derive(Debug, Clone, Serialize)]
pub struct PageView {
    /// BCP 47 tag.
    pub lang: String,
    /// The customer's name: the heading.
    pub title: String,
    /// Where its forms are sent: the page itself.
    pub token: String,
    /// Which message it is from.
    pub about: String,
    /// Why it was told.
    pub reasons: Vec<String>,
    /// What was done last.
    pub said: Option<String>,
    /// What is wrong with what was entered.
    pub wrong: Option<String>,
    /// Marks it done, where that can be done.
    pub done: Option<String>,
    /// Days to snooze until.
    pub days: Vec<DayView>,
    /// The first day that can be chosen, ISO 8601.
    pub first: String,
    /// The last day that can be chosen, ISO 8601.
    pub last: String,
    /// The day that was entered.
    pub entered: String,
    /// Whom it can be handed to.
    pub colleagues: Vec<ColleagueView>,
    /// Gives it back, where that can be done.
    pub not_mine: Option<String>,
    /// Until when it can be acted on.
    pub good_until: String,
    /// Headings, labels and buttons.
    pub words: PageWords,
    /// Who sends this.
    pub sent_by: String,
}

/// A day to snooze until.
#[derive(Debug, Clone, Serialize)]
pub struct DayView {
    /// ISO 8601.
    pub date: String,
    /// How it is called today.
    pub name: String,
    /// The day itself.
    pub day: String,
}

/// Somebody an entry can be handed to.
#[derive(Debug, Clone, Serialize)]
pub struct ColleagueView {
    /// Their id.
    pub id: String,
    /// How they are called.
    pub name: String,
    /// Whether they were chosen.
    pub chosen: bool,
}

/// Headings, labels and buttons of the page.
#[derive(Debug, Clone, Serialize)]
pub struct PageWords {
    /// Above what else can be done once something was.
    pub otherwise: String,
    /// Heading of the days.
    pub snooze: String,
    /// Label of the day.
    pub until: String,
    /// Button of the day.
    pub snooze_button: String,
    /// Heading of the colleagues.
    pub hand_over: String,
    /// First line of the list of colleagues.
    pub choose: String,
    /// Button of the colleagues.
    pub hand_over_button: String,
    /// Heading of what is not theirs.
    pub not_mine: String,
}

/// A page that only says something.
#[derive(Debug, Clone, Serialize)]
pub struct SignView {
    /// BCP 47 tag.
    pub lang: String,
    /// The heading.
    pub title: String,
    /// What can be done now.
    pub text: String,
    /// A button that does it; what it sends is that of RFC 8058.
    pub button: Option<String>,
    /// Who sends this.
    pub sent_by: String,
}

/// Words a page.
pub fn page(page: &Page, token: &str, locale: &Locale) -> PageView {
    let say = |say: &Say| tidy(&locale.say(say));
    let date = |day: Day| day.date().to_string();
    let days = page.days.iter().map(|(day, name)| DayView {
        date: date(*day),
        name: say(name),
        day: locale.value(&Value::DayNear(day.date())),
    });
    let colleagues = page.colleagues.iter();
    PageView {
        lang: locale.tag().to_owned(),
        title: page.customer.clone(),
        token: token.to_owned(),
        about: say(&page.about),
        reasons: page.reasons.iter().map(|text| tidy(text)).collect(),
        said: page.said.as_ref().map(say),
        wrong: page.wrong.as_ref().map(say),
        done: page.done.then(|| locale.word("act.done")),
        days: days.collect(),
        first: date(page.range.0),
        last: date(page.range.1),
        entered: page.entered.clone(),
        colleagues: colleagues
            .map(|(id, name, chosen)| ColleagueView { id: id.clone(), name: name.clone(), chosen: *chosen })
            .collect(),
        not_mine: page.not_mine.then(|| locale.word("act.not_mine.button")),
        good_until: say(&page.good_until),
        words: PageWords {
            otherwise: locale.word("act.otherwise"),
            snooze: locale.word("act.snooze"),
            until: locale.word("act.snooze.until"),
            snooze_button: locale.word("act.snooze.button"),
            hand_over: locale.word("act.hand_over"),
            choose: locale.word("act.hand_over.choose"),
            hand_over_button: locale.word("act.hand_over.button"),
            not_mine: locale.word("act.not_mine"),
        },
        sent_by: locale.word("sent_by"),
    }
}

/// Words a sign.
pub fn sign(sign: &Sign, locale: &Locale) -> SignView {
    SignView {
        lang: locale.tag().to_owned(),
        title: locale.say(&sign.title),
        text: tidy(&locale.say(&sign.text)),
        button: sign.button.as_ref().map(|button| locale.say(button)),
        sent_by: if sign.outside { String::new() } else { locale.word("sent_by") },
    }
}
