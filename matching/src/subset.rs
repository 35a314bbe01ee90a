//! Which of a partner's open items add up to an amount. The work is bounded: at most [`ITEMS`] items, [`SIZE`] of which may make a
//! sum, and the search ends when [`SOLUTIONS`] are known, because more than one already means that nobody can know.

use rustc_hash::FxHashMap;

/// Items that are looked at.
pub const ITEMS: usize = 24;
/// Items of one sum.
pub const SIZE: usize = 6;
/// Sums that are told apart.
pub const SOLUTIONS: usize = 4;

/// The sets of two and more amounts that add up to `wanted`, by place; fewer items first. At most [`SOLUTIONS`] of them.
pub fn sums(amounts: &[i64], wanted: i64) -> Vec<Vec<usize>> {
    let amounts = &amounts[..amounts.len().min(ITEMS)];
    let (left, right) = amounts.split_at(amounts.len() / 2);
    // Sums of up to SIZE items of one half meet those of the other: no set is larger, and each is met once.
    let (left, right) = (halves(left, 0), halves(right, left.len()));
    let mut by_sum: FxHashMap<i64, Vec<u32>> = FxHashMap::default();
    for (sum, set) in &left {
        by_sum.entry(*sum).or_default().push(*set);
    }
    let mut found: Vec<u32> = right
        .iter()
        .filter_map(|(sum, set)| Some((by_sum.get(&wanted.checked_sub(*sum)?)?, *set)))
        .flat_map(|(sets, set)| sets.iter().map(move |other| other | set))
        .filter(|set| (2..=SIZE).contains(&(set.count_ones() as usize)))
        .take(64)
        .collect();
    found.sort_unstable_by_key(|set| (set.count_ones(), *set));
    found.truncate(SOLUTIONS);
    let places = |set: u32| (0..amounts.len()).filter(move |place| set & 1 << place != 0).collect();
    found.into_iter().map(places).collect()
}

/// All sums of few amounts of one half, the empty one among them, as sets of bits.
fn halves(amounts: &[i64], first: usize) -> Vec<(i64, u32)> {
    let mut sums = vec![(0_i64, 0_u32)];
    for (i, amount) in amounts.iter().enumerate() {
        for place in 0..sums.len() {
            let (sum, set) = sums[place];
            if (set.count_ones() as usize) < SIZE {
                sums.push((sum.saturating_add(*amount), set | 1 << (first + i)));
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_sums_are_all_found() {
        assert_eq!(sums(&[45, 60, 75, 30], 105), [vec![0, 1], vec![2, 3]]);
        assert_eq!(sums(&[900, -100, 50], 800), [vec![0, 1]]);
        assert_eq!(sums(&[900], 900), Vec::<Vec<usize>>::new());
    }

    proptest! {
        #[test]
        fn a_sum_of_some_is_found_and_every_set_adds_up(
            amounts in prop::collection::vec(-500_i64..5_000, 2..ITEMS),
            picked in prop::collection::btree_set(0..ITEMS, 2..=SIZE),
        ) {
            let picked: Vec<usize> = picked.into_iter().filter(|place| *place < amounts.len()).collect();
            prop_assume!(picked.len() >= 2);
            let wanted = picked.iter().map(|place| amounts[*place]).sum();
            let found = sums(&amounts, wanted);
            prop_assert!(!found.is_empty());
            for set in &found {
                prop_assert_eq!(set.iter().map(|place| amounts[*place]).sum::<i64>(), wanted);
            }
            prop_assert!(found.len() == SOLUTIONS || found.contains(&picked));
        }
    }
}
