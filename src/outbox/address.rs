//! Addresses as hashes: enough to know one again, not enough to read it.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// A mail address as the first 16 bytes of its HMAC-SHA256 under the ledger's own salt. Case is not told apart:
/// whoever asked not to be written to meant the mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressId(pub [u8; 16]);

impl AddressId {
    /// The hash of an address.
    pub fn of(salt: &[u8], address: &str) -> AddressId {
        let mut id = [0; 16];
        // HMAC takes keys of any length.
        if let Ok(mac) = Hmac::<Sha256>::new_from_slice(salt) {
            let hash = mac.chain_update(address.trim().to_lowercase()).finalize().into_bytes();
            id.copy_from_slice(&hash[..16]);
        }
        AddressId(id)
    }

    /// As it is listed: 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        super::key::hex(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By Python's hmac: `hmac.new(b"salt", b"ana@example.com", "sha256").hexdigest()[:32]`.
    #[test]
    fn an_address_is_known_again_however_it_is_written() {
        let known = "5a789bbed51aba50d7f0468aef5d4239";
        for written in ["ana@example.com", "Ana@Example.COM", " ana@example.com\n"] {
            assert_eq!(AddressId::of(b"salt", written).hex(), known, "{written}");
        }
        assert_ne!(AddressId::of(b"other", "ana@example.com").hex(), known);
        assert_ne!(AddressId::of(b"salt", "anna@example.com").hex(), known);
    }
}
