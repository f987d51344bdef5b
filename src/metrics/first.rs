//! The first few of many, in memory for few.

/// Where `list` has grown beyond `limit`, keeps the `count` that come first by `key`, in no order. A list that
/// is cut each time it has grown to some multiple of `count` costs a constant for each of its items. Of
/// those with the same key any may be kept; `count` is at most `limit`.
pub fn keep<T, K: Ord>(list: &mut Vec<T>, limit: usize, count: usize, key: impl FnMut(&T) -> K) {
    if list.len() > limit {
        list.select_nth_unstable_by_key(count, key);
        list.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_are_kept_however_often_the_list_is_cut() {
        for limit in [5, 6, 20, 1_000] {
            let mut list = Vec::new();
            for n in 0..200u64 {
                list.push(n * 7_919 % 200);
                keep(&mut list, limit, 5, |n| *n);
                assert!(list.len() <= limit);
            }
            list.sort_unstable();
            assert_eq!(list[..5], [0, 1, 2, 3, 4], "{limit}");
        }
    }
}
