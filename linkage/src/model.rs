//! A frozen model: what agreement is worth. Weights are thousandths of a bit, integers, so that a score is the same on every
//! machine and in every order.

use serde::{Deserialize, Serialize};

use crate::bound::{Best, Bound};
use crate::compare;
use crate::compare::name::{self, ALIKE};
use crate::field::Schema;
use crate::frequencies::Frequencies;
use crate::measure::{CLOSE, Group, Level, MISSING, Measure, SAME};
use crate::reader::{Comparison, Reader};
use crate::record::{Place, Record, Slot, Token};
use crate::veto::{self, Veto};

/// The most comparisons that a model has.
pub const MOST_COMPARISONS: usize = 32;
/// No logarithm of a share is further from zero, in thousandths of a bit; sums stay far from overflowing.
const HEAVIEST: i32 = 100_000;
/// The number of pairs that are looked at to see how often different things agree.
const DRAWN: usize = 200_000;

/// What is learned: how pairs of the same thing agree, and how many there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Raised by each training.
    pub version: i32,
    /// By comparison and level: the share of pairs of the same thing that agree like this, as a logarithm in thousandths of a bit.
    pub matches: Vec<Vec<i32>>,
    /// Duplicates per record, as a logarithm in thousandths of a bit.
    pub duplicates: i32,
}

/// A frozen model, as it is stored and thawed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// What was learned, what was drawn and how many records there were, as JSON.
    pub weights: String,
    /// How often values occur: [`Frequencies::to_bytes`].
    pub frequencies: Vec<u8>,
}

/// [`Frozen::weights`].
#[derive(Serialize, Deserialize)]
struct Weights {
    parameters: Parameters,
    others: Vec<Vec<i32>>,
    size: i32,
}

/// Pairs that weigh this much are links: it is more likely than not that they are the same.
pub const LINK: i32 = 0;
/// Pairs that weigh less are no candidates: one in nine. Between the two a person may look.
pub const REVIEW: i32 = -3_000;

/// A model, ready to score.
#[derive(Clone, Debug)]
pub struct Model {
    /// What is learned.
    pub parameters: Parameters,
    reader: Reader,
    frequencies: Frequencies,
    /// By comparison and level: the share of pairs of different things that agree like this, like [`Parameters::matches`].
    others: Vec<Vec<i32>>,
    /// How many records there were when it was frozen, as a logarithm in thousandths of a bit.
    size: i32,
    given_and_family: Option<(usize, usize)>,
    name: Option<usize>,
    email: Option<usize>,
    tax_id: Option<usize>,
    /// Comparisons, the cheap ones first.
    order: Vec<usize>,
}

/// Levels by comparison.
pub type Levels = [u8; MOST_COMPARISONS];

/// What two records weigh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Score {
    /// In thousandths of a bit; 0 is even odds.
    pub weight: i32,
    /// Why they cannot be the same, whatever they weigh.
    pub veto: Option<Veto>,
}

impl Model {
    /// With what is believed before anything has been learned.
    pub fn untrained(schema: &Schema) -> Self {
        let matches = shares(&Reader::new(schema), |level| level.matches);
        // One in ten is there twice.
        Self::new(schema, Parameters { version: 1, matches, duplicates: thousandths(0.1) })
    }

    /// With what was learned.
    pub fn new(schema: &Schema, parameters: Parameters) -> Self {
        let reader = Reader::new(schema);
        let place =
            |measure| reader.comparisons().iter().position(|comparison| comparison.measure == measure);
        let mut order: Vec<usize> = (0..reader.comparisons().len()).collect();
        order.sort_by_key(|i| reader.comparisons()[*i].measure.cost());
        Self {
            parameters,
            order,
            name: place(Measure::Name),
            email: place(Measure::Email),
            tax_id: place(Measure::TaxId),
            given_and_family: place(Measure::Given).zip(place(Measure::Family)),
            others: shares(&reader, |level| level.others),
            size: thousandths(1_000.0),
            frequencies: Frequencies::default(),
            reader,
        }
    }

    /// What was frozen.
    pub fn frozen(&self) -> Frozen {
        let weights =
            Weights { parameters: self.parameters.clone(), others: self.others.clone(), size: self.size };
        Frozen {
            // Lists of integers always serialise.
            weights: serde_json::to_string(&weights).unwrap_or_default(),
            frequencies: self.frequencies.to_bytes(),
        }
    }

    /// The model that was frozen.
    ///
    /// # Errors
    /// What does not fit the schema.
    pub fn thaw(schema: &Schema, frozen: &Frozen) -> Result<Self, String> {
        let weights: Weights = serde_json::from_str(&frozen.weights).map_err(|error| error.to_string())?;
        let mut model = Self::new(schema, weights.parameters);
        let frequencies = Frequencies::from_bytes(&frozen.frequencies, model.comparisons());
        model.frequencies = frequencies.ok_or("its frequencies are of another schema")?;
        model.check(&model.parameters)?;
        model.fits(&weights.others)?;
        (model.others, model.size) = (weights.others, weights.size);
        Ok(model)
    }

    /// Whether parameters are of this model's comparisons.
    ///
    /// # Errors
    /// What is not.
    pub fn check(&self, parameters: &Parameters) -> Result<(), String> {
        if !(-HEAVIEST..=HEAVIEST).contains(&parameters.duplicates) {
            return Err(format!("duplicates has to be from -{HEAVIEST} to {HEAVIEST}"));
        }
        self.fits(&parameters.matches)
    }

    /// Whether there is a weight for each comparison and level.
    fn fits(&self, weights: &[Vec<i32>]) -> Result<(), String> {
        let comparisons = self.comparisons();
        if weights.len() != comparisons.len() {
            return Err(format!("it has {} comparisons, not {}", weights.len(), comparisons.len()));
        }
        for (comparison, weights) in comparisons.iter().zip(weights) {
            let levels = comparison.measure.levels().len();
            if weights.len() != levels
                || weights.iter().any(|weight| !(-HEAVIEST..=HEAVIEST).contains(weight))
            {
                let name = &comparison.name;
                return Err(format!(
                    "comparison {name} needs {levels} weights from -{HEAVIEST} to {HEAVIEST}"
                ));
            }
        }
        Ok(())
    }

    /// Its comparisons.
    pub fn comparisons(&self) -> &[Comparison] {
        self.reader.comparisons()
    }

    /// Freezes how often values occur and how often different things agree, and weighs the records by it. It holds for these
    /// records, or for `until` where more are expected: among more, two that agree are more often so by chance.
    pub fn freeze(&mut self, records: &mut [Record], until: u32) {
        self.frequencies = Frequencies::count(records.iter(), self.comparisons());
        self.size = thousandths(count(records).max(f64::from(until)));
        for record in records.iter_mut() {
            self.weigh(record);
        }
        self.others = self.draw(records);
    }

    /// How often different records agree: of few records all pairs are looked at, of many some that a fixed sequence draws.
    fn draw(&self, records: &[Record]) -> Vec<Vec<i32>> {
        let levels = || self.comparisons().iter().map(|comparison| comparison.measure.levels());
        let mut counts: Vec<Vec<f64>> = levels().map(|levels| vec![0.0; levels.len()]).collect();
        let mut look = |a: &Record, b: &Record| {
            for (counts, level) in counts.iter_mut().zip(self.levels(a, b)) {
                if level != MISSING {
                    counts[usize::from(level - 1)] += 1.0;
                }
            }
        };
        if records.len() * records.len() / 2 <= DRAWN {
            for (i, a) in records.iter().enumerate() {
                records[..i].iter().for_each(|b| look(a, b));
            }
        } else {
            let mut state = 0x9e37_79b9_7f4a_7c15_u64;
            let mut next = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                usize::try_from((state >> 33) % (records.len() as u64)).unwrap_or(0)
            };
            for _ in 0..DRAWN {
                let (a, b) = (next(), next());
                if a != b {
                    look(&records[a], &records[b]);
                }
            }
        }
        let learned = levels().zip(counts).map(|(levels, counts)| {
            let all: f64 = counts.iter().sum();
            // Each level counts as seen once in as many pairs as it was expected to take.
            let share =
                |(level, count): (&Level, f64)| thousandths((count + 1.0) / (all + 1.0 / level.others));
            levels.iter().zip(counts).map(share).collect()
        });
        learned.collect()
    }

    /// What a pair weighs before it is looked at.
    pub fn prior(&self) -> i32 {
        self.prior_of(&self.parameters)
    }

    /// The same with other parameters.
    pub(crate) fn prior_of(&self, parameters: &Parameters) -> i32 {
        parameters.duplicates - self.size
    }

    /// An expected number of duplicates, as [`Parameters::duplicates`] has it.
    pub(crate) fn duplicates(&self, expected: f64) -> i32 {
        thousandths(expected) - self.size
    }

    /// Reads a row.
    pub fn read<T: AsRef<str>>(&self, row: &[T], place: Place) -> Record {
        let mut record = self.reader.read(row, place);
        self.weigh(&mut record);
        record
    }

    fn weigh(&self, record: &mut Record) {
        record.weigh(|comparison, hash| self.frequencies.rarity(comparison, hash));
    }

    /// The level on which two records agree in each comparison.
    pub fn levels(&self, a: &Record, b: &Record) -> Levels {
        let mut levels = [MISSING; MOST_COMPARISONS];
        for (i, comparison) in self.comparisons().iter().enumerate() {
            levels[i] = compare::level(comparison.measure, a.slot(i), b.slot(i));
        }
        self.adjust(&mut levels, a, b);
        levels
    }

    /// What the level of one comparison says of another's.
    fn adjust(&self, levels: &mut Levels, a: &Record, b: &Record) {
        self.cross(levels, a, b);
        if let Some((name, email)) = self.name.zip(self.email)
            && levels[email] == CLOSE
            && is_made_of(a.slot(email), a.slot(name))
            && is_made_of(b.slot(email), b.slot(name))
        {
            // Namesakes have mailboxes that are alike, too.
            levels[email] = MISSING;
        }
    }

    /// Given and family name may have been entered the other way round.
    fn cross(&self, levels: &mut Levels, a: &Record, b: &Record) {
        if let Some((given, family)) = self.given_and_family
            && levels[given] > CLOSE
            && levels[family] > CLOSE
        {
            let crossed = |x: &Record, y: &Record| {
                compare::level(Measure::Family, x.slot(given), y.slot(family)) <= CLOSE
                    && !x.slot(given).is_missing()
                    && !y.slot(family).is_missing()
            };
            if crossed(a, b) && crossed(b, a) {
                levels[given] = CLOSE;
                levels[family] = CLOSE;
            }
        }
    }

    /// The most that a comparison contributes whose value is at most so rare.
    pub(crate) fn most(&self, comparison: usize, rarest: u16) -> i32 {
        let same = if self.comparisons()[comparison].measure.levels()[0].by_rarity {
            -10 * i32::from(rarest)
        } else {
            self.others[comparison][0]
        };
        self.parameters.matches[comparison][0] - same
    }

    /// How often different things agree like two records do in a comparison.
    pub(crate) fn chance(&self, comparison: usize, level: u8, a: &Record, b: &Record) -> Chance {
        let Some(step) = usize::from(level).checked_sub(1) else { return Chance::default() };
        let levels = self.comparisons()[comparison].measure.levels();
        let (a, b) = (a.slot(comparison), b.slot(comparison));
        let same = if levels[0].by_rarity {
            -10 * i32::from(if level == SAME {
                compare::shared_rarity(a, b)
            } else {
                compare::least_rarity(a, b)
            })
        } else {
            self.others[comparison][0]
        };
        Chance { agree: if level == SAME { same } else { self.others[comparison][step] }, same }
    }

    /// What one comparison contributes.
    pub fn contribution(&self, comparison: usize, level: u8, a: &Record, b: &Record) -> i32 {
        self.chance(comparison, level, a, b).weight(&self.parameters.matches[comparison], level)
    }

    /// What contributions come to, with what a pair weighs before it is looked at.
    pub(crate) fn sum(&self, prior: i32, levels: &Levels, contributions: impl Iterator<Item = i32>) -> i32 {
        // Who has the same mailbox or tax number is one, whose name was changed or misspelt.
        let is_same = |comparison: Option<usize>| comparison.is_some_and(|i| levels[i] == SAME);
        let names_are_alike = self.name.is_some_and(|name| levels[name] == ALIKE)
            && !is_same(self.email)
            && !is_same(self.tax_id);
        let mut weight = prior;
        let mut groups = [0; Group::ALL.len()];
        for (comparison, part) in self.comparisons().iter().zip(contributions) {
            match comparison.measure.group() {
                Some(group) => groups[group as usize] += part,
                None => weight += part,
            }
        }
        let bound = |group: Group| group.bound(groups[group as usize], prior, names_are_alike);
        weight + Group::ALL.into_iter().map(bound).sum::<i32>()
    }

    /// What a pair weighs, and what speaks against it.
    pub fn score(&self, a: &Record, b: &Record) -> Score {
        let levels = self.levels(a, b);
        Score { weight: self.weight(&levels, a, b), veto: veto::find(self.comparisons(), &levels, a, b) }
    }

    /// What a pair weighs that is worth a look and that nothing speaks against. Most are not, so it ends as soon as that is clear.
    pub(crate) fn worth(&self, a: &Record, best: &Best, b: &Record) -> Option<i32> {
        let mut levels = [MISSING; MOST_COMPARISONS];
        let (mut bound, prior) = (Bound::new(self, best, b), self.prior());
        for i in self.order.iter().copied() {
            let measure = self.comparisons()[i].measure;
            levels[i] = compare::level(measure, a.slot(i), b.slot(i));
            // Names that were exchanged agree better than they seem to.
            if levels[i] == MISSING || matches!(measure, Measure::Given | Measure::Family) {
                continue;
            }
            bound.made(i, measure.group(), self.contribution(i, levels[i], a, b));
            if bound.most(prior) < REVIEW {
                return None;
            }
        }
        self.adjust(&mut levels, a, b);
        let weight = self.weight(&levels, a, b);
        (weight >= REVIEW && veto::find(self.comparisons(), &levels, a, b).is_none()).then_some(weight)
    }

    fn weight(&self, levels: &Levels, a: &Record, b: &Record) -> i32 {
        let contributions = (0..self.comparisons().len()).map(|i| self.contribution(i, levels[i], a, b));
        self.sum(self.prior(), levels, contributions)
    }
}

/// Whether a mailbox is where anybody may have one, and called by its owner's name.
fn is_made_of(email: Slot<'_>, name: Slot<'_>) -> bool {
    let is_free = !email.tokens.iter().any(|token| token.marks & Token::DOMAIN != 0);
    let address = email.tokens.first().map_or(&[][..], |token| email.text(token));
    let is_in_it = |word: &Token| address.windows(name.text(word).len()).any(|part| part == name.text(word));
    is_free && name::words(name).iter().any(|word| name.text(word).len() > 3 && is_in_it(word))
}

/// How often different things agree, as logarithms in thousandths of a bit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Chance {
    /// On the level on which two records do.
    agree: i32,
    /// On the best level, with the more frequent of their values.
    same: i32,
}

impl Chance {
    /// What a level contributes, given how often the same things agree: never more than if the values were equal.
    pub(crate) fn weight(self, matches: &[i32], level: u8) -> i32 {
        let Some(step) = usize::from(level).checked_sub(1) else { return 0 };
        (matches[step] - self.agree).min(matches[0] - self.same)
    }
}

/// The number of records; at least two, so that there can be a pair.
fn count(records: &[Record]) -> f64 {
    f64::from(u32::try_from(records.len()).unwrap_or(u32::MAX).max(2))
}

fn shares(reader: &Reader, share: fn(&Level) -> f64) -> Vec<Vec<i32>> {
    let of = |measure: Measure| measure.levels().iter().map(|level| thousandths(share(level))).collect();
    reader.comparisons().iter().map(|comparison| of(comparison.measure)).collect()
}

/// Thousandths of a bit.
pub(crate) fn thousandths(odds: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a logarithm of a double is below 1100")]
    let thousandths = (odds.log2() * 1000.0).round() as i32;
    thousandths
}

/// The probability that a weight stands for.
pub fn probability(weight: i32) -> f64 {
    1.0 / (1.0 + (-f64::from(weight) / 1000.0).exp2())
}
