//! From the pairs of a component to its groups. The outcome depends on the component's content alone, so whoever computes it,
//! and whenever, gets the same.

/// A component with more records is not divided: a person has to look why all of them hang together.
pub const MOST_RECORDS: usize = 200;
/// Two groups become one only if their pairs weigh this much in the mean, in thousandths of a bit.
const MEAN_WEIGHT: i64 = 0;

/// A pair that holds a component together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The smaller position.
    pub a: usize,
    /// The larger one.
    pub b: usize,
    /// What it weighs.
    pub weight: i32,
}

/// Records that are the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Their ids, ascending.
    pub records: Vec<i32>,
    /// The lightest of the pairs that hold it together.
    pub weakest: i32,
    /// Whether too many records hang together for it to have been divided.
    pub too_large: bool,
}

/// Divides a component into groups of two and more. `ids` ascend; `links` name positions in it. `weigh` says what any two weigh,
/// `None` where something speaks against it.
pub fn divide(
    ids: &[i32],
    links: &mut [Link],
    mut weigh: impl FnMut(usize, usize) -> Option<i32>,
) -> Vec<Group> {
    if ids.len() > MOST_RECORDS {
        let weakest = links.iter().map(|link| link.weight).min().unwrap_or(0);
        return vec![Group { records: ids.to_vec(), weakest, too_large: true }];
    }
    links.sort_unstable_by_key(|link| (std::cmp::Reverse(link.weight), link.a, link.b));
    let mut groups: Vec<(Vec<usize>, i32)> = (0..ids.len()).map(|i| (vec![i], i32::MAX)).collect();
    let mut group_of: Vec<usize> = (0..ids.len()).collect();
    for link in links.iter() {
        let (into, from) = (group_of[link.a], group_of[link.b]);
        if into == from || !fit(&groups[into].0, &groups[from].0, &mut weigh) {
            continue;
        }
        let (records, weakest) = std::mem::take(&mut groups[from]);
        for record in &records {
            group_of[*record] = into;
        }
        let group = &mut groups[into];
        group.0.extend(records);
        group.1 = group.1.min(weakest).min(link.weight);
    }
    let mut divided: Vec<Group> = groups
        .into_iter()
        .filter(|(records, _)| records.len() > 1)
        .map(|(records, weakest)| {
            let mut records: Vec<i32> = records.into_iter().map(|record| ids[record]).collect();
            records.sort_unstable();
            Group { records, weakest, too_large: false }
        })
        .collect();
    divided.sort_unstable_by_key(|group| group.records[0]);
    divided
}

/// Whether nothing speaks against any pair of two groups, and the pairs are heavy enough in the mean.
fn fit(a: &[usize], b: &[usize], weigh: &mut impl FnMut(usize, usize) -> Option<i32>) -> bool {
    let mut sum = 0_i64;
    for x in a {
        for y in b {
            match weigh(*x.min(y), *x.max(y)) {
                Some(weight) => sum += i64::from(weight),
                None => return false,
            }
        }
    }
    sum >= MEAN_WEIGHT * i64::try_from(a.len() * b.len()).unwrap_or(i64::MAX)
}
