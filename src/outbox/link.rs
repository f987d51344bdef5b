//! Links that let whoever holds them act on one entry of a message, without an account: what stands in
//! them, who can have made them, how long they are good.
//!
//! A token is the base64url of `key id (2) ‖ entry (16) ‖ expiry (8) ‖ tag (16)`: 56 characters, no padding,
//! one spelling. The expiry is in seconds since 1970, big endian; the tag is the first 16 bytes of
//! HMAC-SHA256 (RFC 2104; truncated as its section 5 allows) over a label and all before it. Nothing in it
//! says anything of a person.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::{Digest as _, Sha256};

use super::AddressId;

/// Shortest key, in bytes: as long as the hash it is used with.
const KEY_MIN: usize = 32;

const KEY_ID: usize = 2;
const SIGNED: usize = KEY_ID + 16 + 8;
const TAG: usize = 16;

/// Length of a token, in characters.
pub const TOKEN: usize = (SIGNED + TAG) / 3 * 4;

/// What the tag is of, so that a tag of anything else is none of ours.
const LABEL: &[u8] = b"retaind-link-1";

/// The same for links by which a customer asks not to be written to again.
const STOP: &[u8] = b"retaind-stop-1";

const STOP_SIGNED: usize = KEY_ID + 16;

/// Length of such a token, in characters: base64url of `key id (2) ‖ address (16) ‖ tag (16)`, without expiry.
pub const STOP_TOKEN: usize = 46;

/// A key that signs links, and its id in them.
pub struct LinkKey {
    id: [u8; KEY_ID],
    key: SecretBox<Vec<u8>>,
}

impl LinkKey {
    /// Reads a key: base64 of at least 32 bytes. The error says what is wrong with it, not what it is.
    pub fn read(text: &str) -> Result<LinkKey, String> {
        let key = STANDARD.decode(text.trim()).map_err(|_| "this is not base64".to_owned())?;
        if key.len() < KEY_MIN {
            return Err(format!("a key has at least {KEY_MIN} bytes, this one has {}", key.len()));
        }
        // The id tells the keys of a rotation apart; a hash of the key says nothing of the key.
        let hash = Sha256::new_with_prefix(b"retaind-link-key-1").chain_update(&key).finalize();
        Ok(LinkKey { id: [hash[0], hash[1]], key: SecretBox::new(Box::new(key)) })
    }

    fn mac(&self, label: &[u8], signed: &[u8]) -> Option<Hmac<Sha256>> {
        let mac = Hmac::<Sha256>::new_from_slice(self.key.expose_secret()).ok()?;
        Some(mac.chain_update(label).chain_update(signed))
    }

    /// Whether `tag` is that of `signed`, in a time that says nothing of where they differ.
    fn proves(&self, label: &[u8], signed: &[u8], tag: &[u8]) -> bool {
        tag.len() == TAG && self.mac(label, signed).is_some_and(|mac| mac.verify_truncated_left(tag).is_ok())
    }

    /// `signed` with its tag, as it stands in a link.
    fn seal(&self, label: &[u8], mut signed: Vec<u8>) -> Option<String> {
        let mac = self.mac(label, &signed)?;
        signed.extend_from_slice(&mac.finalize().into_bytes()[..TAG]);
        Some(URL_SAFE_NO_PAD.encode(signed))
    }
}

/// Why a token leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// None of our keys made it.
    #[error("the link is none of ours")]
    Forged,
    /// It was good until then.
    #[error("the link was good until {until}")]
    Expired {
        /// The entry it leads to.
        entry: [u8; 16],
        /// Until when it was good.
        until: Timestamp,
    },
}

/// Makes links and reads them back.
pub struct Links {
    base: String,
    /// The first one signs; all are believed.
    keys: Vec<LinkKey>,
    life: SignedDuration,
}

impl Links {
    /// Links below `base` (without a slash at its end), good for `life`. `key` signs; links of `old` are
    /// still believed, so that a key can be replaced while messages are out.
    pub fn new(base: &str, key: LinkKey, old: Option<LinkKey>, life: SignedDuration) -> Links {
        Links { base: base.to_owned(), keys: std::iter::once(key).chain(old).collect(), life }
    }

    /// Where they lead, without a path of ours.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Until when the links of what was told at `told` are good, in whole seconds.
    pub fn expiry(&self, told: Timestamp) -> Timestamp {
        let end = told.checked_add(self.life).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }

    /// The link to an entry, good until `expires`.
    pub fn url(&self, entry: &[u8; 16], expires: Timestamp) -> String {
        format!("{}/a/{}", self.base, self.token(entry, expires))
    }

    /// The token of an entry, good until `expires`.
    pub fn token(&self, entry: &[u8; 16], expires: Timestamp) -> String {
        let Some(key) = self.keys.first() else { return String::new() };
        let bytes = [key.id.as_slice(), entry, &expires.as_second().to_be_bytes()].concat();
        key.seal(LABEL, bytes).unwrap_or_default()
    }

    /// The link by which whoever reads mail at an address asks not to be written to again. It is good for as long
    /// as its key is: mails are kept for years.
    pub fn stop_url(&self, address: AddressId) -> String {
        let bytes = |key: &LinkKey| [key.id.as_slice(), &address.0].concat();
        let token = self.keys.first().and_then(|key| key.seal(STOP, bytes(key)));
        format!("{}/u/{}", self.base, token.unwrap_or_default())
    }

    /// The address that such a token is about, if one of our keys made it.
    pub fn read_stop(&self, token: &str) -> Result<AddressId, LinkError> {
        if token.len() != STOP_TOKEN {
            return Err(LinkError::Forged);
        }
        let address = self.proven(STOP, token, STOP_SIGNED)?;
        address.first_chunk::<16>().map(|id| AddressId(*id)).ok_or(LinkError::Forged)
    }

    /// What stands between the key's id and the tag of a token that one of our keys made.
    fn proven(&self, label: &[u8], token: &str, length: usize) -> Result<Vec<u8>, LinkError> {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| LinkError::Forged)?;
        let (signed, tag) = bytes.split_at_checked(length).ok_or(LinkError::Forged)?;
        let mut named = self.keys.iter().filter(|key| signed.starts_with(&key.id));
        if !named.any(|key| key.proves(label, signed, tag)) {
            return Err(LinkError::Forged);
        }
        Ok(signed[KEY_ID..].to_vec())
    }

    /// The entry a token leads to, if one of our keys made it and it is good at `now`.
    pub fn read(&self, token: &str, now: Timestamp) -> Result<[u8; 16], LinkError> {
        if token.len() != TOKEN {
            return Err(LinkError::Forged);
        }
        let signed = self.proven(LABEL, token, SIGNED)?;
        let entry = *signed.first_chunk::<16>().ok_or(LinkError::Forged)?;
        let seconds = *signed.last_chunk::<8>().ok_or(LinkError::Forged)?;
        let until = Timestamp::from_second(i64::from_be_bytes(seconds)).map_err(|_| LinkError::Forged)?;
        if now >= until { Err(LinkError::Expired { entry, until }) } else { Ok(entry) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="; // 0, 1, 2, … 31
    const OTHER: &str = "b3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXIgb3RoZXI=";

    fn links(key: &str, old: Option<&str>) -> Links {
        let read = |text: &str| LinkKey::read(text).unwrap();
        Links::new("https://care.shop.example", read(key), old.map(read), SignedDuration::from_hours(24))
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// By Python's hashlib, hmac and base64, after the description at the top of this file.
    #[test]
    fn the_known_answer_is_given() {
        let entry = *b"0123456789abcdef";
        let links = links(KEY, None);
        let url = links.url(&entry, at(1_800_000_000));
        assert_eq!(
            url,
            "https://care.shop.example/a/YnMwMTIzNDU2Nzg5YWJjZGVmAAAAAGtJ0gCIfDk_83bOUGnG49GS2hQo"
        );
        let token = url.rsplit('/').next().unwrap();
        assert_eq!(token.len(), TOKEN);
        assert_eq!(links.read(token, at(1_799_999_999)), Ok(entry));
        let expired = LinkError::Expired { entry, until: at(1_800_000_000) };
        assert_eq!(links.read(token, at(1_800_000_000)), Err(expired));
    }

    /// By Python's hashlib, hmac and base64: without an expiry, and under a label of its own.
    #[test]
    fn the_known_answer_of_a_stop_is_given_and_stays_good() {
        let address = AddressId(*b"0123456789abcdef");
        let url = links(KEY, None).stop_url(address);
        assert_eq!(url, "https://care.shop.example/u/YnMwMTIzNDU2Nzg5YWJjZGVmc4Ywr7EcP2fu68CflyvqhQ");
        let token = url.rsplit('/').next().unwrap();
        assert_eq!(links(OTHER, Some(KEY)).read_stop(token), Ok(address));
        assert_eq!(links(OTHER, None).read_stop(token), Err(LinkError::Forged));
        let bytes = URL_SAFE_NO_PAD.decode(token).unwrap();
        for n in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[n] ^= 1;
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(links(KEY, None).read_stop(&changed), Err(LinkError::Forged), "byte {n}");
            assert_eq!(links(KEY, None).read_stop(&token[..n]), Err(LinkError::Forged));
        }
        // A link to an entry is none that stops, and none that stops leads to an entry.
        let entry = links(KEY, None).token(&address.0, at(2_000_000_000));
        assert_eq!(links(KEY, None).read_stop(&entry), Err(LinkError::Forged));
        assert_eq!(links(KEY, None).read(token, at(1)), Err(LinkError::Forged));
    }

    #[test]
    fn no_byte_can_be_changed_left_out_or_added() {
        let links = links(KEY, Some(OTHER));
        let token = links.token(&[7; 16], at(2_000_000_000));
        let now = at(1_000_000_000);
        assert!(links.read(&token, now).is_ok());
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for n in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[n] ^= 1 << bit;
                let changed = URL_SAFE_NO_PAD.encode(changed);
                assert_eq!(links.read(&changed, now), Err(LinkError::Forged), "byte {n}, bit {bit}");
            }
        }
        for n in 0..token.len() {
            for other in "AQgw059-_=%/. ".chars().filter(|c| token[n..=n] != c.to_string()) {
                let changed = format!("{}{other}{}", &token[..n], &token[n + 1..]);
                assert_eq!(links.read(&changed, now), Err(LinkError::Forged), "{changed}");
            }
            assert_eq!(links.read(&token[..n], now), Err(LinkError::Forged));
        }
        for longer in [format!("{token}A"), format!("{token}="), format!("{token}AAAA"), format!(" {token}")]
        {
            assert_eq!(links.read(&longer, now), Err(LinkError::Forged));
        }
    }

    #[test]
    fn a_replaced_key_is_believed_until_it_is_gone() {
        let old = links(OTHER, None).token(&[7; 16], at(2_000));
        assert_eq!(links(KEY, Some(OTHER)).read(&old, at(1_000)), Ok([7; 16]));
        assert_eq!(links(KEY, None).read(&old, at(1_000)), Err(LinkError::Forged));
        let new = links(KEY, Some(OTHER)).token(&[7; 16], at(2_000));
        assert_eq!(new, links(KEY, None).token(&[7; 16], at(2_000)), "the new key signs");
    }

    #[test]
    fn weak_keys_are_refused_without_being_repeated() {
        for (text, why) in [
            ("hunter2!", "this is not base64"),
            ("c2hvcnQ=", "a key has at least 32 bytes, this one has 5"),
            ("", "a key has at least 32 bytes, this one has 0"),
        ] {
            assert_eq!(LinkKey::read(text).err().as_deref(), Some(why));
        }
        assert!(LinkKey::read(&format!("{KEY}\n")).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back_until_it_expires(entry: [u8; 16], told in 0i64..4_000_000_000, after in 0i64..200_000) {
            let links = links(KEY, None);
            let expires = links.expiry(at(told));
            prop_assert_eq!(expires, at(told + 86_400));
            let token = links.token(&entry, expires);
            prop_assert_eq!(token.len(), TOKEN);
            prop_assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
            let read = links.read(&token, at(told + after));
            prop_assert_eq!(read.is_ok(), after < 86_400);
            let (Ok(found) | Err(LinkError::Expired { entry: found, .. })) = read else { return Err(TestCaseError::fail("forged")) };
            prop_assert_eq!(found, entry);
        }

        #[test]
        fn whatever_else_comes_is_none_of_ours(text in ".{0,80}", near in "[A-Za-z0-9_-]{56}") {
            let links = links(KEY, Some(OTHER));
            prop_assert_eq!(links.read(&text, at(0)), Err(LinkError::Forged));
            prop_assert_eq!(links.read(&near, at(0)), Err(LinkError::Forged));
        }
    }
}
