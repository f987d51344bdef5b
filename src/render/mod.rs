//! A document in the form of a medium and the words of a language.
//!
//! [`locale`] speaks, [`view`] lays a document out in plain strings, [`template`] fills the templates
//! of `templates/` with it, [`fit`] keeps mails below the size that is shown, and [`mime`], [`chat`], [`event`],
//! [`record`], [`acted`], [`sheet`], [`pdf()`](pdf) make what is sent; [`page`] is what a link leads to.

pub mod acted;
pub mod chart;
pub mod chat;
pub mod event;
pub mod fit;
pub mod ics;
pub mod locale;
pub mod mime;
pub mod page;
pub mod pdf;
pub mod picture;
pub mod record;
pub mod sheet;
pub mod template;
pub mod view;

pub use locale::Locale;
pub use template::Templates;
