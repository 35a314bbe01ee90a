//! How likely an opportunity is won: by what became of those that got as far and were open as long.

use std::collections::BTreeMap;

/// What is said beforehand counts as much as so many opportunities that were closed.
const SAID: f64 = 4.0;

/// An opportunity that was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed {
    /// Where its last stage stands among all; that of a lost one is how far it got.
    pub stage: i32,
    /// Days for which it was open.
    pub days: i32,
    /// Whether it was won.
    pub is_won: bool,
}

/// What became of opportunities.
#[derive(Clone, Debug, Default)]
pub struct Wins {
    /// For how long those were open that were won, in order. Each has passed all stages, as Odoo counts them:
    /// <https://github.com/odoo/odoo/blob/18.0/addons/crm/models/crm_lead.py>.
    won: Vec<i32>,
    /// The same of those that were lost, by the stage that they got to.
    lost: BTreeMap<i32, Vec<i32>>,
}

impl Wins {
    /// From opportunities that were closed, in any order.
    pub fn of(closed: impl IntoIterator<Item = Closed>) -> Self {
        let mut wins = Self::default();
        for Closed { stage, days, is_won } in closed {
            let of = if is_won { &mut wins.won } else { wins.lost.entry(stage).or_default() };
            of.push(days);
        }
        wins.won.sort_unstable();
        wins.lost.values_mut().for_each(|days| days.sort_unstable());
        wins
    }

    /// How likely one is won that is in a stage and is open for so many days. `said` is what somebody says, from 0 to 1; it counts where
    /// few were closed.
    pub fn probability(&self, stage: i32, days: i32, said: f64) -> f64 {
        let longer =
            |all: &Vec<i32>| crate::numbers::to_f64(all.len() - all.partition_point(|of| *of < days));
        let won = longer(&self.won);
        let lost: f64 = self.lost.range(stage..).map(|(_, all)| longer(all)).sum();
        (won + SAID * said.clamp(0.0, 1.0)) / (won + lost + SAID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(stage: i32, days: i32, is_won: bool) -> Closed {
        Closed { stage, days, is_won }
    }

    /// Case 22 of public reports: of 200 at its stage and age half were won.
    #[test]
    fn as_many_are_won_as_were() {
        let all = (0..200).map(|number| closed(2, 40 + number % 7, number % 2 == 0));
        let wins = Wins::of(all);
        assert!((wins.probability(2, 20, 0.9) - 0.5).abs() < 0.01);
        assert!(
            (wins.probability(2, 400, 0.9) - 0.9).abs() < 1e-12,
            "none was open for so long: what is said counts"
        );
    }

    #[test]
    fn who_gets_further_is_likelier_to_win() {
        let all = (0..60)
            .map(|number| closed([1, 1, 3][number % 3], 30, false))
            .chain((0..20).map(|_| closed(9, 30, true)));
        let wins = Wins::of(all.collect::<Vec<_>>());
        assert!((wins.probability(1, 5, 0.25) - 0.25).abs() < 0.01);
        assert!(
            (wins.probability(3, 5, 0.5) - 0.5).abs() < 0.01,
            "of those that got so far, 20 were won and 20 lost"
        );
        assert!((Wins::default().probability(1, 5, 0.3) - 0.3).abs() < 1e-12);
    }
}
