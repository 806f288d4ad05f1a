//! CTGAN: a conditional generative adversarial network for tables of numbers and categories.
//!
//! ```text
//! a generator G makes rows from noise z and a condition c (one category of one column); a critic C tells packs of made rows from real ones
//! each step: draw conditions and real rows that meet them
//!   critic:     min over C of  mean C(G(z, c), c) - mean C(real, c) + lambda mean (|grad C(mix, c)| - 1)^2
//!   generator:  min over G of  -mean C(G(z, c), c) + mean cross-entropy(G's conditioned column, c)
//! ```
//!
//! [`coding`] tells numbers by the modes of their column and writes rows for the networks, [`conditions`] draws what to make,
//! [`generator`] and [`critic`] are the networks with their ways back written by hand on slices (no tensor library), [`sampling`] makes
//! rows that meet any number of conditions.
//!
//! - Columns: numbers (whole, real, dates), with or without missing values; categories, missing being one of them.
//! - An epoch has max(1, rows / `batch_size`) steps, each with `critic_steps` steps of the critic and one of the generator.
//! - Rows are made by a running mean of the generator's weights and moments over its last 1 / (1 - `averaging`) steps. The two networks
//!   chase each other, so that shares of categories swing from epoch to epoch; the mean swings less (the paper takes the last weights:
//!   `averaging = 0`).
//! - Losses: the epoch's means of the critic's and the generator's.
//! - The same table, parameters and seed give the same bytes on any number of threads; a fit that was kept after an epoch and goes on gives
//!   the bytes of one that was never interrupted.
//! - Refused: no rows, columns of unequal length, numbers beyond 1e100, `batch_size` that is no multiple of `pac`, losses that are no
//!   numbers.
//!
//! Source: L. Xu, M. Skoularidou, A. Cuesta-Infante and K. Veeramachaneni, "Modeling tabular data using conditional GAN", NeurIPS 2019.
//! The public package `ctgan` differs: `sample` with a condition on any discrete column but the first conditions another category, the
//! condition is not guaranteed, rows are made with the batch's moments and with logarithmic frequencies, and missing values are refused.

mod adam;
mod coding;
mod conditions;
mod critic;
mod generator;
mod mixture;
mod randomness;
mod sampling;
mod state;
mod vector;

#[cfg(test)]
mod tests;

use evenhand_catalog::{Allowed, Card, CatalogError, Direction, Entry, Kind, Literal, Parameter, Parameters};
use evenhand_rows::digest;

use self::adam::Rate;
use self::coding::{Coding, Encoded};
use self::conditions::{Batch, Conditions};
use self::critic::Critic;
use self::generator::Generator;
use self::randomness::{Purpose, Streams};
use self::sampling::Fitted;
use self::state::{Reader, Writer};
use crate::RebalanceError;
use crate::synthesis::{self, Synthesiser, Table, Watch};

static CARD: Card = Card {
    id: "ctgan",
    name: "CTGAN",
    kind: Kind::Synthesiser,
    summary: "A conditional generative adversarial network: learns how the columns of a table go together, whatever the shapes of their \
              distributions, and makes rows that have the wanted categories. Minutes of training; for a fast start use gaussian-copula.",
    formula: "critic: min mean C(G(z,c),c) - mean C(real,c) + penalty mean (|grad C| - 1)^2; generator: min -mean C(G(z,c),c) + \
              cross-entropy(column of c, c); z noise, c a category drawn by the logarithm of its frequency; numbers as (mode, (x - mean) / \
              (4 deviation)) of a variational Gaussian mixture",
    fair_value: None,
    range: "",
    direction: Direction::Describes,
    source: "Xu et al. 2019, sections 4.2 to 4.4, algorithm 1",
    parameters: &[
        whole("epochs", 300, 1.0, 100_000.0, "passes over the rows"),
        whole("batch_size", 500, 2.0, 65_536.0, "rows a step; a multiple of pac"),
        whole("pac", 10, 1.0, 1000.0, "rows that the critic judges together, against generators that make one row again and again"),
        whole("embedding_dim", 128, 1.0, 4096.0, "length of the noise z"),
        whole("generator_dim", 256, 1.0, 4096.0, "width of the generator's two residual layers"),
        whole("critic_dim", 256, 1.0, 4096.0, "width of the critic's two layers"),
        real("generator_lr", 2e-4, 0.0, 1.0, "step length of Adam for the generator"),
        real("critic_lr", 2e-4, 0.0, 1.0, "step length of Adam for the critic"),
        real("generator_decay", 1e-6, 0.0, 1.0, "weight decay of the generator, added to its gradient"),
        real("critic_decay", 1e-6, 0.0, 1.0, "weight decay of the critic, added to its gradient"),
        whole("critic_steps", 1, 1.0, 100.0, "steps of the critic for one of the generator"),
        real("penalty", 10.0, 0.0, 1e6, "weight lambda of the gradient penalty"),
        real(
            "averaging",
            0.999,
            0.0,
            0.999_999,
            "rows are made by a running mean of the generator, which keeps this much a step (0: by the last)",
        ),
        real("temperature", 0.2, 0.01, 100.0, "of the Gumbel softmax that makes modes and categories"),
        whole("max_modes", 10, 1.0, 100.0, "most modes of a column of numbers"),
        real("smallest_mode", 0.005, 0.0, 0.1, "modes of a smaller weight are dropped"),
        real("frequent_share", 0.05, 0.0, 2.0, "a number that this share of the rows has is a mode of its own (2: none is)"),
        whole(
            "max_categories",
            200,
            2.0,
            10_000.0,
            "a column with more categories has its rarest joined; they are drawn back by frequency",
        ),
        Parameter {
            name: "clip",
            default: Literal::Flag(true),
            allowed: Allowed::Any,
            purpose: "made numbers are cut to the range of their column",
        },
        whole("max_tries", 1000, 1.0, 1e9, "rows made for every wanted one before the conditions are given up as too rare"),
    ],
};

const fn whole(name: &'static str, default: i64, low: f64, high: f64, purpose: &'static str) -> Parameter {
    Parameter { name, default: Literal::Integer(default), allowed: Allowed::Between(low, high), purpose }
}

const fn real(name: &'static str, default: f64, low: f64, high: f64, purpose: &'static str) -> Parameter {
    Parameter { name, default: Literal::Number(default), allowed: Allowed::Between(low, high), purpose }
}

pub(crate) const ENTRY: Entry<dyn Synthesiser> =
    Entry { card: &CARD, build: |parameters| Ok(Box::new(Ctgan { settings: Settings::new(parameters)?, parameters: parameters.clone() })) };

/// The parameters, read once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Settings {
    epochs: usize,
    batch: usize,
    pac: usize,
    noise: usize,
    generator_width: usize,
    critic_width: usize,
    generator_rate: f64,
    critic_rate: f64,
    generator_decay: f64,
    critic_decay: f64,
    critic_steps: usize,
    penalty: f64,
    averaging: f64,
    temperature: f64,
    max_modes: usize,
    smallest_weight: f64,
    frequent_share: f64,
    max_categories: usize,
    cut: bool,
    max_tries: usize,
}

impl Settings {
    fn new(parameters: &Parameters) -> Result<Self, CatalogError> {
        let settings = Settings {
            epochs: parameters.count("epochs"),
            batch: parameters.count("batch_size"),
            pac: parameters.count("pac"),
            noise: parameters.count("embedding_dim"),
            generator_width: parameters.count("generator_dim"),
            critic_width: parameters.count("critic_dim"),
            generator_rate: parameters.number("generator_lr"),
            critic_rate: parameters.number("critic_lr"),
            generator_decay: parameters.number("generator_decay"),
            critic_decay: parameters.number("critic_decay"),
            critic_steps: parameters.count("critic_steps"),
            penalty: parameters.number("penalty"),
            averaging: parameters.number("averaging"),
            temperature: parameters.number("temperature"),
            max_modes: parameters.count("max_modes"),
            smallest_weight: parameters.number("smallest_mode"),
            frequent_share: parameters.number("frequent_share"),
            max_categories: parameters.count("max_categories"),
            cut: parameters.flag("clip"),
            max_tries: parameters.count("max_tries"),
        };
        let Settings { batch, pac, .. } = settings;
        if batch % pac != 0 {
            let reason = format!("batch_size = {batch} is no multiple of pac = {pac}; the nearest is {}", batch.next_multiple_of(pac));
            return Err(CatalogError::BadCombination { id: CARD.id.to_owned(), reason });
        }
        Ok(settings)
    }
}

/// What cannot be learned or made.
fn refuse(reason: impl Into<String>) -> RebalanceError {
    RebalanceError::Unusable { method: CARD.id, reason: reason.into() }
}

#[derive(Debug)]
struct Ctgan {
    settings: Settings,
    parameters: Parameters,
}

impl Synthesiser for Ctgan {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn fit(&self, table: &Table, seed: u64, watch: &dyn Watch) -> Result<Box<dyn synthesis::Generator>, RebalanceError> {
        synthesis::check(table)?;
        let settings = &self.settings;
        let streams = Streams::new(seed);
        let coding = Coding::new(table, settings)?;
        let encoded = coding.encode(table, &streams);
        let origin = self.origin(table, seed);
        let mut run = match watch.kept() {
            Some(bytes) => Run::restore(&bytes, &coding, settings, &origin)?,
            None => Run::new(&coding, settings, &streams),
        };
        let mut work = Work::new(&run, &coding, &encoded, settings);
        while run.losses.len() < settings.epochs {
            run.epoch(&mut work, &encoded, settings, &streams)?;
            let epoch = run.losses.len();
            let goes_on = watch.epoch(epoch, settings.epochs, &run.losses);
            let ends = epoch == settings.epochs;
            watch.keep(ends || !goes_on, &|| run.save(&origin));
            if !goes_on && !ends {
                return Err(RebalanceError::Stopped);
            }
        }
        Ok(Box::new(Fitted::new(coding, run.average, run.losses, settings)))
    }

    fn restore(&self, bytes: &[u8]) -> Result<Box<dyn synthesis::Generator>, RebalanceError> {
        let fitted = Fitted::restore(bytes).ok_or(RebalanceError::ForeignState {
            method: CARD.id,
            reason: "the kept state is no generator of this method and edition, or is damaged",
        })?;
        Ok(Box::new(fitted))
    }
}

impl Ctgan {
    /// Tells fits apart: parameters (but for the number of epochs and what concerns sampling only), seed and every value of the table.
    fn origin(&self, table: &Table, seed: u64) -> String {
        let mut out = Writer::new(*b"ctgandg");
        out.long(seed);
        for (name, value) in self.parameters.iter().filter(|(name, _)| !["epochs", "clip", "max_tries"].contains(name)) {
            out.text(name);
            out.text(&value.to_string());
        }
        out.text(&table.digest());
        digest::of_bytes(&out.finish())
    }
}

const MARK: [u8; 7] = *b"ctgansv";

/// A fit on its way: networks with their moments, and the losses so far.
#[derive(Debug, Clone, PartialEq)]
struct Run {
    generator: Generator,
    /// The running mean of the generator.
    average: Generator,
    critic: Critic,
    /// Steps taken by the generator.
    steps: u64,
    losses: Vec<(f64, f64)>,
}

/// Room to work in.
#[derive(Debug)]
struct Work {
    conditions: Conditions,
    batch: Batch,
    generator: generator::Pass,
    generator_slopes: generator::Slopes,
    critic: critic::Pass,
    critic_slopes: critic::Slopes,
}

impl Work {
    fn new(run: &Run, coding: &Coding, encoded: &Encoded, settings: &Settings) -> Self {
        Work {
            conditions: Conditions::for_training(coding, encoded),
            batch: Batch::default(),
            generator: generator::Pass::new(&run.generator.shape, settings.batch),
            generator_slopes: generator::Slopes::new(&run.generator),
            critic: critic::Pass::new(run.critic.shape, settings.batch),
            critic_slopes: critic::Slopes::new(&run.critic),
        }
    }
}

impl Run {
    fn new(coding: &Coding, settings: &Settings, streams: &Streams) -> Self {
        let mut rng = streams.stream(Purpose::Initialisation, 0, 0, 0);
        let layout = coding.layout.clone();
        let shape = critic::Shape { pac: settings.pac, row: layout.width, conditions: layout.conditions, width: settings.critic_width };
        let critic = Critic::new(shape, settings.penalty as f32, &mut rng);
        let shape = generator::Shape { noise: settings.noise, width: settings.generator_width, layout };
        let generator = Generator::new(shape, &mut rng);
        Run { average: generator.clone(), generator, critic, steps: 0, losses: Vec::new() }
    }

    fn epoch(&mut self, work: &mut Work, encoded: &Encoded, settings: &Settings, streams: &Streams) -> Result<(), RebalanceError> {
        let epoch = self.losses.len() + 1;
        let steps = (encoded.rows / settings.batch).max(1);
        let temperature = settings.temperature as f32;
        let (mut critic_loss, mut generator_loss) = (0.0, 0.0);
        let Work { conditions, batch, generator: made, generator_slopes, critic: judged, critic_slopes } = work;
        for step in 0..steps {
            for turn in 0..settings.critic_steps {
                let draw = step * settings.critic_steps + turn;
                conditions.fill(batch, settings.batch, &mut streams.stream(Purpose::Batches, epoch, draw, 0));
                made.draw(&self.generator.shape, streams, Purpose::Critic, epoch, draw);
                judged.draw(streams, Purpose::Critic, epoch, draw, 3);
                self.generator.forward(made, &batch.conditions, temperature, true);
                self.generator.remember(made);
                let time = self.steps * settings.critic_steps as u64 + turn as u64 + 1;
                let rate = Rate::new(settings.critic_rate, settings.critic_decay, time);
                let loss = self.critic.learn(judged, &made.made, encoded, batch, critic_slopes, rate);
                critic_loss += loss.total() / settings.critic_steps as f64;
            }
            conditions.fill(batch, settings.batch, &mut streams.stream(Purpose::Batches, epoch, step, 1));
            made.draw(&self.generator.shape, streams, Purpose::Generator, epoch, step);
            judged.draw(streams, Purpose::Generator, epoch, step, 1);
            self.generator.forward(made, &batch.conditions, temperature, true);
            self.generator.remember(made);
            let value = self.critic.judge(judged, &made.made, &batch.conditions, &mut made.slopes);
            self.steps += 1;
            let rate = Rate::new(settings.generator_rate, settings.generator_decay, self.steps);
            let entropy = self.generator.learn(made, &batch.conditions, temperature, generator_slopes, rate);
            generator_loss += entropy - value;
            self.average.follow(&self.generator, settings.averaging, self.steps);
        }
        let losses = (critic_loss / steps as f64, generator_loss / steps as f64);
        if !losses.0.is_finite() || !losses.1.is_finite() {
            return Err(refuse(format!("the losses are no numbers any more after epoch {epoch}; lower generator_lr and critic_lr")));
        }
        self.losses.push(losses);
        Ok(())
    }

    fn save(&self, origin: &str) -> Vec<u8> {
        let mut out = Writer::new(MARK);
        out.text(origin);
        out.long(self.steps);
        out.count(self.losses.len());
        for &(critic, generator) in &self.losses {
            out.doubles(&[critic, generator]);
        }
        self.generator.write(&mut out);
        self.average.write(&mut out);
        let mut run = self.clone();
        for learned in run.generator.learned() {
            out.floats(&learned.first);
            out.floats(&learned.second);
        }
        for learned in run.critic.learned() {
            out.floats(&learned.values);
            out.floats(&learned.first);
            out.floats(&learned.second);
        }
        out.finish()
    }

    fn restore(bytes: &[u8], coding: &Coding, settings: &Settings, origin: &str) -> Result<Self, RebalanceError> {
        let foreign = |reason| RebalanceError::ForeignState { method: CARD.id, reason };
        let mut bytes = Reader::new(bytes, MARK)
            .ok_or_else(|| foreign("the kept state is no unfinished fit of this method and edition, or is damaged"))?;
        let told = bytes.text();
        if told.as_deref() != Some(origin) {
            return Err(foreign("the kept state is of another table, other parameters or another seed"));
        }
        let read = |bytes: &mut Reader<'_>| -> Option<Run> {
            let mut run = Run::new(coding, settings, &Streams::new(0));
            run.steps = bytes.long()?;
            for _ in 0..bytes.count()? {
                run.losses.push((bytes.double()?, bytes.double()?));
            }
            run.generator = Generator::read(bytes, coding.layout.clone())?;
            run.average = Generator::read(bytes, coding.layout.clone())?;
            for learned in run.generator.learned() {
                learned.first = bytes.floats(learned.values.len())?;
                learned.second = bytes.floats(learned.values.len())?;
            }
            for learned in run.critic.learned() {
                learned.values = bytes.floats(learned.values.len())?;
                learned.first = bytes.floats(learned.values.len())?;
                learned.second = bytes.floats(learned.values.len())?;
            }
            bytes.is_at_end().then_some(run)
        };
        let run = read(&mut bytes).ok_or_else(|| foreign("the kept fit is damaged"))?;
        if run.losses.len() > settings.epochs {
            return Err(foreign("the kept fit has more epochs than are asked for"));
        }
        Ok(run)
    }
}
