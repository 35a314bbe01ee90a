//! Lines of one statement that want the same items: each item is paid once, so they are explained together. Lines that want nothing that
//! another wants are by themselves, which nearly all are.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::bits::Bits;
use crate::hypothesis::Hypothesis;
use crate::records::ItemId;

/// Hypotheses of a line that may be chosen in place of its best.
const ALTERNATIVES: usize = 6;
/// They are at most so much less likely.
const NEAR: Bits = Bits::whole(12);
/// Lines that hang together are explained as well as can be up to so many; of more the surest choose first.
const EXACT: usize = 8;
/// Choices that are tried for lines that hang together.
const TRIES: usize = 20_000;

/// Which hypothesis a line gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// By place.
    pub hypothesis: usize,
    /// Whether another line's best wants an item of this line's best.
    pub is_contested: bool,
}

/// What each line gets when all are explained as well as they can be together. Of each line the hypotheses are given, the best first.
/// The order of lines does not matter, but for ties.
pub fn assign(lines: &[&[Hypothesis]]) -> Vec<Choice> {
    let near: Vec<&[Hypothesis]> = lines.iter().map(|all| &all[..near(all)]).collect();
    let mut choices = vec![Choice::default(); lines.len()];
    for component in components(&near) {
        if let [line] = component[..] {
            choices[line] = Choice::default();
            continue;
        }
        let chosen =
            if component.len() <= EXACT { best(&near, &component) } else { greedy(&near, &component) };
        // How many lines' best wants an item.
        let mut firsts: BTreeMap<ItemId, usize> = BTreeMap::new();
        for id in component.iter().filter_map(|line| near[*line].first()).flat_map(Hypothesis::items) {
            *firsts.entry(id).or_default() += 1;
        }
        for (line, hypothesis) in component.iter().zip(chosen) {
            let mut wanted = near[*line].first().into_iter().flat_map(Hypothesis::items);
            let is_contested = wanted.any(|id| firsts.get(&id).is_some_and(|lines| *lines > 1));
            choices[*line] = Choice { hypothesis, is_contested };
        }
    }
    choices
}

/// How many of a line's hypotheses come near its best.
pub fn near(all: &[Hypothesis]) -> usize {
    let best = all.first().map_or(Bits::ZERO, |first| first.score);
    all.iter().take(ALTERNATIVES).take_while(|one| best - one.score <= NEAR).count()
}

/// Lines that want the same items, directly or through others; each in order.
fn components(lines: &[&[Hypothesis]]) -> Vec<Vec<usize>> {
    let mut wanted: BTreeMap<ItemId, Vec<usize>> = BTreeMap::new();
    for (line, hypotheses) in lines.iter().enumerate() {
        for id in hypotheses.iter().flat_map(Hypothesis::items) {
            let lines = wanted.entry(id).or_default();
            if lines.last() != Some(&line) {
                lines.push(line);
            }
        }
    }
    let mut seen = vec![false; lines.len()];
    let mut components = Vec::new();
    for first in 0..lines.len() {
        if std::mem::replace(&mut seen[first], true) {
            continue;
        }
        let (mut component, mut next) = (vec![first], 0);
        while let Some(line) = component.get(next).copied() {
            next += 1;
            for id in lines[line].iter().flat_map(Hypothesis::items) {
                // Each item's lines are looked at once.
                for other in wanted.remove(&id).unwrap_or_default() {
                    if !std::mem::replace(&mut seen[other], true) {
                        component.push(other);
                    }
                }
            }
        }
        component.sort_unstable();
        components.push(component);
    }
    components
}

/// The surest lines choose first.
fn greedy(lines: &[&[Hypothesis]], component: &[usize]) -> Vec<usize> {
    let lead = |line: usize| match lines[line] {
        [first, second, ..] => first.score - second.score,
        _ => NEAR,
    };
    let mut order: Vec<usize> = component.to_vec();
    order.sort_by_key(|line| (Reverse(lead(*line)), *line));
    let (mut taken, mut chosen) = (BTreeMap::<ItemId, Vec<&Hypothesis>>::new(), BTreeMap::new());
    for line in order {
        let is_free = |hypothesis: &Hypothesis| {
            let takers: Vec<&Hypothesis> =
                hypothesis.items().filter_map(|id| taken.get(&id)).flatten().copied().collect();
            hypothesis.fits(&takers)
        };
        let choice = lines[line].iter().position(is_free).unwrap_or(0);
        if let Some(hypothesis) = lines[line].get(choice) {
            for id in hypothesis.items() {
                taken.entry(id).or_default().push(hypothesis);
            }
        }
        chosen.insert(line, choice);
    }
    chosen.into_values().collect()
}

/// The choices with the highest sum in which no item is paid twice.
fn best(lines: &[&[Hypothesis]], component: &[usize]) -> Vec<usize> {
    let mut search = Search { lines, component, chosen: Vec::new(), best: None, tries: 0 };
    search.deepen(Bits::ZERO);
    search.best.map_or_else(|| greedy(lines, component), |(_, chosen)| chosen)
}

struct Search<'a> {
    lines: &'a [&'a [Hypothesis]],
    component: &'a [usize],
    chosen: Vec<usize>,
    best: Option<(Bits, Vec<usize>)>,
    tries: usize,
}

impl Search<'_> {
    fn deepen(&mut self, score: Bits) {
        let depth = self.chosen.len();
        let Some(line) = self.component.get(depth) else {
            if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
                self.best = Some((score, self.chosen.clone()));
            }
            return;
        };
        // All the rest at its best would not do.
        let rest = self.component[depth..].iter().filter_map(|line| self.lines[*line].first());
        let most = score + rest.map(|first| first.score).sum();
        if self.tries > TRIES || self.best.as_ref().is_some_and(|(best, _)| most <= *best) {
            return;
        }
        for (place, hypothesis) in self.lines[*line].iter().enumerate() {
            self.tries += 1;
            let before = self.component.iter().zip(&self.chosen);
            let before: Vec<&Hypothesis> = before.map(|(line, place)| &self.lines[*line][*place]).collect();
            if hypothesis.fits(&before) {
                self.chosen.push(place);
                self.deepen(score + hypothesis.score);
                self.chosen.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hypothesis::Kind;

    fn hypothesis(items: &[ItemId], bits: i32) -> Hypothesis {
        Hypothesis {
            kind: if items.is_empty() { Kind::Nothing } else { Kind::Exact },
            allocations: items.iter().map(|id| (*id, 100)).collect(),
            difference: 0,
            rest: 0,
            is_explained: true,
            evidence: Vec::new(),
            score: Bits::whole(bits),
            others: 0,
        }
    }

    fn assigned(lines: &[Vec<Hypothesis>]) -> Vec<usize> {
        let lines: Vec<&[Hypothesis]> = lines.iter().map(Vec::as_slice).collect();
        assign(&lines).into_iter().map(|choice| choice.hypothesis).collect()
    }

    #[test]
    fn a_line_that_names_nobody_leaves_an_invoice_to_the_line_that_names_it() {
        let unnamed = vec![hypothesis(&[1], 2), hypothesis(&[2], 1), hypothesis(&[], 0)];
        let named = vec![hypothesis(&[1], 20), hypothesis(&[], 0)];
        assert_eq!(assigned(&[unnamed, named]), [1, 0]);
    }

    #[test]
    fn the_sum_of_all_counts() {
        let both = vec![hypothesis(&[1], 9), hypothesis(&[2], 8)];
        let one = vec![hypothesis(&[1], 8), hypothesis(&[], 0)];
        assert_eq!(assigned(&[both, one]), [1, 0]);
    }

    #[test]
    fn two_instalments_of_one_invoice_are_both_its() {
        let part = |paid: i64| Hypothesis {
            kind: Kind::Part,
            allocations: vec![(1, paid)],
            difference: paid - 100,
            rest: 100 - paid,
            ..hypothesis(&[1], 20)
        };
        let of = |paid| vec![part(paid), hypothesis(&[], 10)];
        assert_eq!(assigned(&[of(40), of(60)]), [0, 0]);
        assert_eq!(assigned(&[of(50), of(60)]), [0, 1], "together they are more than the invoice");
        assert_eq!(assigned(&[of(40), of(40), of(40)]), [0, 0, 1], "two of them are not, three are");
    }

    #[test]
    fn many_lines_that_hang_together_share_nothing() {
        let lines: Vec<Vec<Hypothesis>> = (0..200)
            .map(|line| vec![hypothesis(&[line], 5), hypothesis(&[line + 1], 4), hypothesis(&[], 0)])
            .collect();
        let choices = assigned(&lines);
        let mut paid: Vec<ItemId> =
            choices.iter().zip(&lines).flat_map(|(choice, line)| line[*choice].items()).collect();
        paid.sort_unstable();
        assert!(paid.windows(2).all(|pair| pair[0] != pair[1]), "an item is paid twice: {paid:?}");
    }
}
