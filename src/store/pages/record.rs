//! A row as it is stored: a header of types, then the values
//! (<https://www.sqlite.org/fileformat2.html#record_format>).

use rusqlite::types::{Value, ValueRef};

/// A value of a record that is read.
pub(super) struct Wanted {
    /// Its place in the record.
    pub(super) at: usize,
    /// Its place among the values that are given out.
    pub(super) slot: usize,
    pub(super) kind: Kind,
}

/// How a value is stored.
pub(super) enum Kind {
    /// As it is. A row of before the column was there has the column's default.
    Plain { default: Value },
    /// In a column of reals, where whole ones are stored as integers.
    Real { default: Value },
    /// Not at all: it is the row's own number.
    Rowid,
}

/// Why a record gave no values.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Short {
    /// It says that it is longer than the bytes that were given.
    Bytes,
    /// It has a type that no record may have.
    Wrong,
}

/// Reads the values of a record that are wanted, which come by their place in it.
#[inline]
pub(super) fn read<'a>(
    wanted: &'a [Wanted],
    rowid: i64,
    record: &'a [u8],
    values: &mut [ValueRef<'a>],
) -> Result<(), Short> {
    let (header, mut at) = varint(record).ok_or(Short::Bytes)?;
    let header = usize::try_from(header).map_err(|_| Short::Wrong)?;
    let types = record.get(..header).ok_or(Short::Bytes)?;
    let (mut body, mut place) = (header, 0);
    for (nth, want) in wanted.iter().enumerate() {
        let (serial, end) = loop {
            let Some(first) = types.get(at) else {
                // What was added to the table after this row was written.
                for want in &wanted[nth..] {
                    values[want.slot] = absent(want, rowid);
                }
                return Ok(());
            };
            let (serial, size, length) = match SIZES[usize::from(*first)] {
                OTHER => sized(&types[at..])?,
                size => (u64::from(*first), usize::from(size), 1),
            };
            at += length;
            let end = body.checked_add(size).ok_or(Short::Wrong)?;
            place += 1;
            if place > want.at {
                break (serial, end);
            }
            body = end;
        };
        values[want.slot] = match &want.kind {
            Kind::Rowid => ValueRef::Integer(rowid),
            kind => match (kind, value(serial, record.get(body..end).ok_or(Short::Bytes)?)) {
                (Kind::Real { .. }, ValueRef::Integer(n)) => ValueRef::Real(n as f64),
                (_, value) => value,
            },
        };
        body = end;
    }
    Ok(())
}

fn absent(want: &Wanted, rowid: i64) -> ValueRef<'_> {
    match &want.kind {
        Kind::Rowid => ValueRef::Integer(rowid),
        Kind::Plain { default } | Kind::Real { default } => ValueRef::from(default),
    }
}

/// Bytes of a value by the first byte of its type, where that is all of it.
const SIZES: [u8; 256] = {
    let mut sizes = [OTHER; 256];
    let short = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];
    let mut serial = 0;
    while serial < 0x80 {
        if serial < short.len() {
            sizes[serial] = short[serial];
        } else if serial >= 12 {
            sizes[serial] = (serial as u8 - 12) / 2;
        }
        serial += 1;
    }
    sizes
};

/// A type of more bytes, or one that is kept for SQLite's own use.
const OTHER: u8 = u8::MAX;

/// Such a type, how many bytes its value has, and how many it has itself.
fn sized(types: &[u8]) -> Result<(u64, usize, usize), Short> {
    let (serial, length) = varint(types).ok_or(Short::Bytes)?;
    let size = match serial {
        0..0x80 => Some(SIZES[serial as usize]).filter(|size| *size != OTHER).map(usize::from),
        _ => usize::try_from((serial - 12) / 2).ok(),
    };
    Ok((serial, size.ok_or(Short::Wrong)?, length))
}

#[inline]
fn value(serial: u64, bytes: &[u8]) -> ValueRef<'_> {
    match serial {
        1..=6 => ValueRef::Integer(integer(bytes)),
        7 => {
            let real = f64::from_bits(integer(bytes) as u64);
            // SQLite has no NaN.
            if real.is_nan() { ValueRef::Null } else { ValueRef::Real(real) }
        }
        8 => ValueRef::Integer(0),
        9 => ValueRef::Integer(1),
        n if n >= 12 && n % 2 == 0 => ValueRef::Blob(bytes),
        n if n >= 13 => ValueRef::Text(bytes),
        _ => ValueRef::Null,
    }
}

/// A whole number, its highest byte first, in two's complement.
#[inline]
fn integer(bytes: &[u8]) -> i64 {
    match bytes.len() {
        1 => wide::<1>(bytes),
        2 => wide::<2>(bytes),
        3 => wide::<3>(bytes),
        4 => wide::<4>(bytes),
        6 => wide::<6>(bytes),
        _ => wide::<8>(bytes),
    }
}

/// A length that is known is a load and not a loop.
#[inline]
fn wide<const N: usize>(bytes: &[u8]) -> i64 {
    let mut all = [0; 8];
    if let Some(bytes) = bytes.first_chunk::<N>() {
        all[..N].copy_from_slice(bytes);
    }
    i64::from_be_bytes(all) >> (64 - 8 * N)
}

/// A number of one to nine bytes, and how many they were.
#[inline]
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    match bytes.first() {
        Some(first) if *first < 0x80 => Some((u64::from(*first), 1)),
        _ => long_varint(bytes),
    }
}

/// The same of more than one, which types and lengths hardly ever have.
#[inline(never)]
fn long_varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.get(..9.min(bytes.len()))?.iter().enumerate() {
        if at == 8 {
            return Some((number << 8 | u64::from(*byte), 9));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if *byte < 0x80 {
            return Some((number, at + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_one_to_nine_bytes() {
        for (bytes, number) in [
            (&[0x00][..], 0),
            (&[0x7f], 127),
            (&[0x81, 0x00], 128),
            (&[0x82, 0x80, 0x01], 32_769),
            (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], u64::MAX),
        ] {
            assert_eq!(varint(bytes), Some((number, bytes.len())), "{bytes:?}");
            assert_eq!(varint(&bytes[..bytes.len() - 1]), None, "{bytes:?} cut");
        }
    }

    #[test]
    fn a_record_that_ends_early_or_has_a_strange_type_is_told_apart() {
        let wanted = [Wanted { at: 0, slot: 0, kind: Kind::Plain { default: Value::Null } }];
        let read = |record: &[u8]| {
            let mut values = [ValueRef::Null];
            super::read(&wanted, 7, record, &mut values).map(|()| Value::try_from(values[0]).unwrap())
        };
        assert_eq!(read(&[2, 17, b'o', b'k']), Ok(Value::Text("ok".to_owned())));
        assert_eq!(read(&[2, 17, b'o']), Err(Short::Bytes));
        assert_eq!(read(&[2]), Err(Short::Bytes));
        assert_eq!(read(&[]), Err(Short::Bytes));
        assert_eq!(read(&[2, 10]), Err(Short::Wrong));
        assert_eq!(read(&[3, 0x80, 10]), Err(Short::Wrong));
        assert_eq!(
            read(&[3, 0x80, 17, b'o', b'k']),
            Ok(Value::Text("ok".to_owned())),
            "in more bytes than it takes"
        );
        assert_eq!(read(&[2, 7, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0]), Ok(Value::Null), "not a number");
        assert_eq!(read(&[1]), Ok(Value::Null), "a row of before the column");
    }
}
