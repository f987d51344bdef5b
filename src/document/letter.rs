//! What a letter to a customer carries beside its words: who writes, and how to hear no more.

/// What a letter to a customer must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Who signs it.
    pub signed: String,
    /// Who writes, with a postal address: law asks for it in most countries.
    pub imprint: String,
    /// How its reader asks not to be written to again.
    pub stop: Stop,
}

/// How a customer asks not to be written to again; at least one of the ways is there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stop {
    /// A page of ours, which takes it in one click (RFC 8058).
    pub url: Option<String>,
    /// A mailbox that somebody reads.
    pub address: Option<String>,
}

impl Stop {
    /// The way that the letter itself shows.
    pub fn shown(&self) -> String {
        match (&self.url, &self.address) {
            (Some(url), _) => url.clone(),
            (None, Some(address)) => format!("mailto:{address}?subject=unsubscribe"),
            (None, None) => String::new(),
        }
    }

    /// The value of `List-Unsubscribe` (RFC 2369).
    pub fn listed(&self) -> String {
        let address = self.address.as_ref().map(|address| format!("mailto:{address}?subject=unsubscribe"));
        let ways: Vec<String> =
            self.url.iter().cloned().chain(address).map(|way| format!("<{way}>")).collect();
        ways.join(", ")
    }
}
