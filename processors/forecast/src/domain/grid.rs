//! The days that a forecast is about: each of ninety, then the last day of each of thirteen weeks.

use forecasting::calendar::Day;

/// Days that are forecast one by one.
pub const DAYS: usize = 90;
/// Weeks after them.
pub const WEEKS: usize = 13;
/// Rows of a forecast.
pub const SLOTS: usize = DAYS + WEEKS;
/// Rows that a forecast may ever have: numbers of rows of one day differ by less.
const ROOM: i32 = 128;
/// The day that rows are numbered from: 2000-01-01.
const FIRST: Day = 10_957;

/// The days that are forecast on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The day of the forecast: it is over when its last forecast is made.
    pub today: Day,
}

fn number(slot: usize) -> i32 {
    i32::try_from(slot).unwrap_or(i32::MAX)
}

impl Grid {
    /// The day that a row is about, up to whose end money moves: weeks have their last one.
    pub fn target(self, slot: usize) -> Day {
        let slot = number(slot);
        let days = number(DAYS);
        if slot < days { self.today + 1 + slot } else { self.today + days + 7 * (slot - days + 1) }
    }

    /// All days, in order.
    pub fn targets(self) -> [Day; SLOTS] {
        std::array::from_fn(|slot| self.target(slot))
    }

    /// The last day.
    pub fn last(self) -> Day {
        self.target(SLOTS - 1)
    }

    /// The row that has the money of a day; `None` where there is none.
    pub fn slot(self, day: Day) -> Option<usize> {
        let after = usize::try_from(day - self.today - 1).ok()?;
        let slot = if after < DAYS { after } else { DAYS + (after - DAYS) / 7 };
        (slot < SLOTS).then_some(slot)
    }

    /// Its rows week by week, each by its first and its last one. The days behind the last whole week are of the week after them.
    pub fn weeks() -> impl Iterator<Item = (usize, usize)> {
        let of_days = (0..DAYS / 7).map(|week| (7 * week, 7 * week + 6));
        let first = (DAYS / 7 * 7, DAYS);
        of_days.chain([first]).chain((DAYS + 1..SLOTS).map(|slot| (slot, slot)))
    }

    /// The row that is about just this day: its id in `cash_forecasts`, the same whenever it is asked for.
    pub fn id_of(self, target: Day) -> Option<i32> {
        let slot = self.slot(target).filter(|slot| self.target(*slot) == target)?;
        Some(self.id(slot))
    }

    /// The id of a row.
    pub fn id(self, slot: usize) -> i32 {
        self.today.saturating_sub(FIRST).saturating_mul(ROOM).saturating_add(number(slot) + 1)
    }
}

/// How far away a row is: rows of one band are about as uncertain.
pub fn band(distance: Day) -> usize {
    [7, 14, 28, 60, 90].iter().position(|days| distance <= *days).unwrap_or(5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ninety_days_are_followed_by_thirteen_weeks() {
        let grid = Grid { today: 20_000 };
        let targets = grid.targets();
        assert_eq!((targets[0], targets[89], targets[90], targets[102]), (20_001, 20_090, 20_097, 20_181));
        assert!(targets.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn every_day_is_in_one_row() {
        let grid = Grid { today: 20_000 };
        for day in 20_001..=20_181 {
            let slot = grid.slot(day).unwrap();
            let before = slot.checked_sub(1).map_or(grid.today, |slot| grid.target(slot));
            assert!(before < day && day <= grid.target(slot), "{day}");
        }
        assert_eq!((grid.slot(20_000), grid.slot(20_182)), (None, None));
    }

    #[test]
    fn every_row_is_in_one_week() {
        let slots: Vec<usize> = Grid::weeks().flat_map(|(first, last)| first..=last).collect();
        assert_eq!(slots, (0..SLOTS).collect::<Vec<_>>());
        let grid = Grid { today: 20_000 };
        let ends: Vec<i32> = Grid::weeks().map(|(_, last)| grid.target(last) - grid.today).collect();
        assert_eq!((ends[0], ends[11], ends[12], ends[24]), (7, 84, 97, 181));
    }

    #[test]
    fn a_row_has_one_id_for_ever() {
        let (one, next) = (Grid { today: 20_000 }, Grid { today: 20_001 });
        assert_eq!(one.id_of(20_097), Some(one.id(90)));
        assert_eq!(one.id_of(20_098), None, "inside of a week");
        assert!(one.id(SLOTS - 1) < next.id(0));
    }
}
