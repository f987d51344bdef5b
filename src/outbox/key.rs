//! The stable identity of a delivery. Everything that must not differ between two attempts (Message-ID,
//! MIME boundary, webhook id) is derived from it.

use sha2::{Digest, Sha256};

/// Hexadecimal digits of a SHA-256.
const SHA_256: usize = 64;

/// Identity of one message to one recipient over one channel, for one occurrence of one job.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey(String);

impl DeliveryKey {
    /// Derives the key. Parts are length-prefixed, so no two lists of parts share one.
    pub fn of(job: &str, occurrence: jiff::Timestamp, recipient: &str, channel: &str) -> DeliveryKey {
        let mut hash = Sha256::new();
        for part in ["retaind-1", job, &occurrence.to_string(), recipient, channel] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        DeliveryKey(hex(&hash.finalize()[..16]))
    }

    /// A key read back from the ledger.
    pub fn from_stored(text: &str) -> DeliveryKey {
        DeliveryKey(text.to_owned())
    }

    /// 32 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number that is the same in every attempt: the seed of jitter.
    pub fn seed(&self) -> u64 {
        self.0.bytes().fold(0xcbf2_9ce4_8422_2325, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
    }
}

/// SHA-256 of bytes in 64 hexadecimal digits: what nobody can make to order. By ring, which takes half as long
/// as `sha2` where a processor has no instructions for it.
pub fn fingerprint(bytes: &[u8]) -> String {
    hex(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref())
}

/// What is stored beside bytes and held against them before each send: 32 hexadecimal digits of XXH3-128. It guards
/// against a disk's faults, not against whoever can write to the ledger, who could write a checksum as well;
/// SHA-256 guards no better and took a fifth of the time of a mail.
pub(super) fn checksum(bytes: &[u8]) -> String {
    hex(&xxhash_rust::xxh3::xxh3_128(bytes).to_be_bytes())
}

/// Whether bytes are what the checksum stored beside them is of. Earlier ones are of SHA-256, and twice as long.
pub(super) fn is_of(stored: &str, bytes: &[u8]) -> bool {
    if stored.len() == SHA_256 {
        return fingerprint(bytes) == stored;
    }
    // Digit by digit, without a text of its own: this is done for each message that goes.
    stored.chars().eq(digits(&xxhash_rust::xxh3::xxh3_128(bytes).to_be_bytes()))
}

/// Two hexadecimal digits a byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    digits(bytes).collect()
}

fn digits(bytes: &[u8]) -> impl Iterator<Item = char> {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    bytes.iter().flat_map(move |byte| [digit(byte >> 4), digit(byte & 15)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_one_another() {
        let at = "2026-11-02T11:00:00Z".parse().unwrap();
        assert_ne!(DeliveryKey::of("ab", at, "c", "d"), DeliveryKey::of("a", at, "bc", "d"));
        assert_eq!(DeliveryKey::of("a", at, "b", "c"), DeliveryKey::of("a", at, "b", "c"));
        assert_eq!(DeliveryKey::of("a", at, "b", "c").as_str().len(), 32);
    }

    #[test]
    fn a_fingerprint_is_sha_256() {
        assert_eq!(fingerprint(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }

    /// The known answers of the reference implementation (`xxhsum -H2`).
    #[test]
    fn a_checksum_is_xxh3() {
        assert_eq!(checksum(b""), "99aa06d3014798d86001c324468d497f");
        assert_eq!(checksum(b"abc"), "06b05ab6733a618578af5f94892f3950");
    }

    #[test]
    fn what_was_stored_with_sha_256_is_still_known() {
        let stored = fingerprint(b"abc");
        assert!(is_of(&stored, b"abc") && !is_of(&stored, b"abd"));
        assert!(!is_of("purged", b"") && !is_of("", b""));
    }
}
