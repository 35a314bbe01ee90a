//! Runs the engine over files: the same code as in the pipeline, one record after the other. People try it on their own history
//! before it acts, and anybody can measure it.

mod model_file;
pub mod quality;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use contract::Failure;
use linkage::engine::Engine;
use linkage::model::{Model, probability};
use linkage::record::{Place, Record};
use linkage::train::{self, Trained};
use linkage::waterfall::Waterfall;
use serde::Serialize;

use self::quality::{Pair, Quality};

pub use self::model_file::ModelFile;

/// What is to be done.
#[derive(Debug)]
pub struct Task {
    /// What the columns mean.
    pub model: ModelFile,
    /// One file, or two.
    pub records: Vec<PathBuf>,
    /// Whether pairs cross the files, each of which has nothing twice.
    pub link_only: bool,
    /// The pairs that are the same.
    pub truth: Option<PathBuf>,
    /// Whether weights are learned from the records first.
    pub train: bool,
}

/// A row of a file.
struct Row {
    id: String,
    file: usize,
    values: Vec<String>,
}

/// What came of it.
pub struct Outcome {
    rows: Vec<Row>,
    pairs: Vec<Pair>,
    groups: Vec<Vec<usize>>,
    /// The figures.
    pub summary: Summary,
    /// What was learned.
    pub trained: Option<Trained>,
    engine: Engine,
}

/// The figures of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// Records that were read.
    pub records: usize,
    /// Pairs that are taken for the same.
    pub links: usize,
    /// Pairs that a person should look at.
    pub review: usize,
    /// Groups of two and more.
    pub groups: usize,
    /// Sets of so many records that hang together that they were not divided: nothing of them is linked.
    pub too_large: usize,
    /// Records per second, each with its groups brought up to date, reading and training not counted.
    pub records_per_second: f64,
    /// Time per record in microseconds: half of them took less, …
    pub p50_us: f64,
    /// … and ninety-nine of a hundred less than this.
    pub p99_us: f64,
    /// Records per second when all come at once.
    pub bulk_records_per_second: f64,
    /// Memory of the engine, in bytes per record.
    pub bytes_per_record: f64,
    /// Seconds that training took.
    pub training_seconds: f64,
    /// With labels: how good it is.
    pub truth: Option<Quality>,
}

/// Runs it.
///
/// # Errors
/// A file that cannot be read, or a column that it does not have.
pub fn run(task: &Task) -> Result<Outcome, Failure> {
    let mut rows = Vec::new();
    for (file, path) in task.records.iter().enumerate() {
        // Records of several files are one set, unless pairs are to cross them.
        read(path, if task.link_only { file } else { 0 }, &task.model, &mut rows)?;
    }
    let mut model = Model::untrained(&task.model.fields);
    let places = rows.iter().enumerate().map(|(i, row)| Place {
        id: i32::try_from(i).unwrap_or(i32::MAX),
        file: if task.link_only { i32::try_from(row.file + 1).unwrap_or(1) } else { 0 },
        ..Place::default()
    });
    let mut records: Vec<Record> =
        rows.iter().zip(places).map(|(row, place)| model.read(&row.values, place)).collect();
    model.freeze(&mut records, 0);
    let began = Instant::now();
    let trained = task.train.then(|| train::train(&model, &train::candidates(&model, &records)));
    if let Some(trained) = &trained {
        model.parameters = trained.parameters.clone();
    }
    let training_seconds = began.elapsed().as_secs_f64();
    let began = Instant::now();
    let mut bulk = Engine::with(model.clone(), records.clone());
    bulk.settle();
    let bulk_seconds = began.elapsed().as_secs_f64();
    drop(bulk);
    let (engine, times) = one_by_one(model, records);
    let mut outcome = Outcome::of(rows, engine);
    outcome.summary.training_seconds = training_seconds;
    outcome.time(times, bulk_seconds);
    outcome.trained = trained;
    if let Some(truth) = &task.truth {
        let truth = outcome.links(truth)?;
        outcome.summary.truth = Some(Quality::of(&outcome.pairs, &truth));
    }
    Ok(outcome)
}

/// Gives the engine one record after the other; answers how many nanoseconds each took.
fn one_by_one(model: Model, records: Vec<Record>) -> (Engine, Vec<u64>) {
    let mut engine = Engine::new(model);
    let mut times = Vec::with_capacity(records.len());
    for record in records {
        let began = Instant::now();
        engine.set(record);
        engine.settle();
        times.push(u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    (engine, times)
}

fn read(path: &Path, file: usize, model: &ModelFile, rows: &mut Vec<Row>) -> Result<(), Failure> {
    let failure = |what: String| Failure::permanent(format!("{}: {what}", path.display()));
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(model.delimiter)
        .flexible(true)
        .from_path(path)
        .map_err(|error| failure(error.to_string()))?;
    let header = reader.byte_headers().map_err(|error| failure(error.to_string()))?.clone();
    let find = |column: &str| {
        header
            .iter()
            .position(|name| String::from_utf8_lossy(name).trim_start_matches('\u{feff}').trim() == column)
            .ok_or_else(|| {
                let names: Vec<_> = header.iter().map(String::from_utf8_lossy).collect();
                failure(format!("there is no column {column}; there are {}", names.join(", ")))
            })
    };
    let id = find(&model.id)?;
    let columns: Vec<usize> = model.columns().map(find).collect::<Result<_, _>>()?;
    for record in reader.byte_records() {
        let record = record.map_err(|error| failure(error.to_string()))?;
        let text =
            |column: usize| String::from_utf8_lossy(record.get(column).unwrap_or_default()).into_owned();
        rows.push(Row { id: text(id), file, values: columns.iter().map(|column| text(*column)).collect() });
    }
    Ok(())
}

impl Outcome {
    fn of(rows: Vec<Row>, engine: Engine) -> Self {
        let position = |id: i32| usize::try_from(id).unwrap_or(0);
        let (large, divided): (Vec<_>, Vec<_>) = engine.groups().partition(|group| group.too_large);
        let mut groups: Vec<Vec<usize>> =
            divided.iter().map(|group| group.records.iter().map(|id| position(*id)).collect()).collect();
        let too_large = large.len();
        groups.sort();
        let mut weights: BTreeMap<(usize, usize), i32> =
            engine.pairs().map(|(a, b, weight)| ((position(a), position(b)), weight)).collect();
        let mut linked = BTreeSet::new();
        for group in &groups {
            for (i, b) in group.iter().enumerate() {
                for a in &group[..i] {
                    linked.insert((*a, *b));
                    // Two records may be the same because of a third.
                    weights.entry((*a, *b)).or_insert_with(|| engine.weight_of(id_of(*a), id_of(*b)));
                }
            }
        }
        let pairs: Vec<_> = weights
            .into_iter()
            .map(|((left, right), weight)| Pair {
                left,
                right,
                weight,
                grouped: linked.contains(&(left, right)),
            })
            .collect();
        let summary = Summary {
            records: rows.len(),
            links: linked.len(),
            review: pairs.len() - linked.len(),
            groups: groups.len(),
            too_large,
            ..Summary::default()
        };
        Self { rows, pairs, groups, summary, trained: None, engine }
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    fn time(&mut self, mut times: Vec<u64>, bulk: f64) {
        let seconds = times.iter().sum::<u64>() as f64 / 1e9;
        times.sort_unstable();
        let quantile =
            |of: usize| times.get(times.len() * of / 100).map_or(0.0, |time| *time as f64 / 1000.0);
        let n = self.rows.len().max(1) as f64;
        let summary = &mut self.summary;
        (summary.p50_us, summary.p99_us) = (quantile(50), quantile(99));
        summary.records_per_second = n / seconds.max(1e-9);
        summary.bulk_records_per_second = n / bulk.max(1e-9);
        summary.bytes_per_record = self.engine.bytes() as f64 / n;
    }

    /// Why two records weigh what they do.
    ///
    /// # Errors
    /// A record that there is none of.
    pub fn waterfall(&self, left: &str, right: &str) -> Result<Waterfall, Failure> {
        let last = self.rows.iter().map(|row| row.file).max().unwrap_or(0);
        let find = |id: &str, file: usize| {
            let position = self.rows.iter().position(|row| row.id == id && row.file == file);
            let record = position.and_then(|position| self.engine.record(id_of(position)));
            record.ok_or_else(|| Failure::permanent(format!("there is no record {id}")))
        };
        let (a, b) = (find(left, 0)?, find(right, last)?);
        Ok(Waterfall::of(self.engine.model(), a, b))
    }

    /// The pairs of a file of two columns, whatever they are called.
    fn links(&self, path: &Path) -> Result<BTreeSet<(usize, usize)>, Failure> {
        let failure = |what: String| Failure::permanent(format!("{}: {what}", path.display()));
        let last = self.rows.iter().map(|row| row.file).max().unwrap_or(0);
        let positions = |file: usize| -> BTreeMap<&str, usize> {
            self.rows
                .iter()
                .enumerate()
                .filter(|(_, row)| row.file == file)
                .map(|(i, row)| (row.id.as_str(), i))
                .collect()
        };
        let (left, right) = (positions(0), positions(last));
        let mut reader = csv::Reader::from_path(path).map_err(|error| failure(error.to_string()))?;
        let mut links = BTreeSet::new();
        for record in reader.records() {
            let record = record.map_err(|error| failure(error.to_string()))?;
            let (a, b) = (record.get(0).unwrap_or_default(), record.get(1).unwrap_or_default());
            if let (Some(a), Some(b)) = (left.get(a), right.get(b)) {
                links.insert((*a.min(b), *a.max(b)));
            }
        }
        if links.is_empty() {
            return Err(failure("none of its pairs names two records".into()));
        }
        Ok(links)
    }

    /// Writes `pairs.csv`, `groups.csv`, `summary.json`, and `model.json` where something was learned.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let failure = |error: std::io::Error| Failure::permanent(format!("{}: {error}", folder.display()));
        std::fs::create_dir_all(folder).map_err(failure)?;
        let file = |name: &str| std::fs::File::create(folder.join(name)).map_err(failure);
        let csv_failure = |error: csv::Error| Failure::permanent(format!("{}: {error}", folder.display()));
        let mut pairs = csv::Writer::from_writer(file("pairs.csv")?);
        pairs.write_record(["left", "right", "probability", "decision"]).map_err(csv_failure)?;
        for pair in &self.pairs {
            let probability = format!("{:.6}", probability(pair.weight));
            let decision = if pair.grouped { "link" } else { "review" };
            let [left, right] = [pair.left, pair.right].map(|row| self.rows[row].id.as_str());
            pairs.write_record([left, right, &probability, decision]).map_err(csv_failure)?;
        }
        pairs.flush().map_err(failure)?;
        let mut groups = csv::Writer::from_writer(file("groups.csv")?);
        groups.write_record(["group", "record"]).map_err(csv_failure)?;
        for (i, group) in self.groups.iter().enumerate() {
            for record in group {
                groups.write_record([&(i + 1).to_string(), &self.rows[*record].id]).map_err(csv_failure)?;
            }
        }
        groups.flush().map_err(failure)?;
        if let Some(trained) = &self.trained {
            let model = serde_json::to_string_pretty(&trained.parameters).unwrap_or_default();
            file("model.json")?.write_all((model + "\n").as_bytes()).map_err(failure)?;
        }
        let summary = serde_json::to_string_pretty(&self.summary).unwrap_or_default();
        file("summary.json")?.write_all((summary + "\n").as_bytes()).map_err(failure)
    }
}

fn id_of(position: usize) -> i32 {
    i32::try_from(position).unwrap_or(i32::MAX)
}
