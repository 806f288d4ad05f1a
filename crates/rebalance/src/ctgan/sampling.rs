//! A fitted generator, and rows made with it.
//!
//! Rows are made in evaluation mode (running moments of the normalisations), a batch from a stream of its own, so that the same generator
//! of random numbers gives the same rows. Without conditions the conditional vector follows the table's frequencies. With conditions it
//! can name one column only: the one whose wanted category is the rarest in the table, for there rejection would cost most. A condition is
//! a wish to the network, not a promise, so rows are decoded and those that do not meet every condition are made anew; when that goes on
//! beyond `max_tries` a wanted row, the rate is told.
//!
//! A rare category that the coding has joined with others is given directly to a row of theirs: within the joined ones categories are
//! drawn independently of the row, so keeping only the wanted ones would give the same rows.

use rand::Rng;

use super::coding::{Coding, Place};
use super::conditions::Conditions;
use super::generator::{Generator, Pass};
use super::randomness::{Purpose, Streams};
use super::state::{Reader, Writer};
use super::{CARD, Settings, refuse};
use crate::RebalanceError;
use crate::synthesis::{self, Cells, Condition, Table};

const MARK: [u8; 7] = *b"ctganrw";
/// Of the card.
const LARGEST_BATCH: usize = 65_536;
/// Batches made before the rate of acceptance is trusted.
const FEWEST_BATCHES: usize = 20;

/// What was learned of a table.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fitted {
    pub(super) coding: Coding,
    pub(super) network: Generator,
    pub(super) losses: Vec<(f64, f64)>,
    pub(super) batch: usize,
    pub(super) temperature: f64,
    pub(super) cut: bool,
    pub(super) max_tries: usize,
}

/// A condition that can be met: column of categories, slot, level, rows in the table.
#[derive(Debug, Clone, Copy)]
struct Wish {
    category: usize,
    slot: usize,
    level: u32,
    rows: u64,
}

impl Fitted {
    pub(super) fn new(coding: Coding, network: Generator, losses: Vec<(f64, f64)>, settings: &Settings) -> Self {
        let Settings { batch, temperature, cut, max_tries, .. } = *settings;
        Fitted { coding, network, losses, batch, temperature, cut, max_tries }
    }

    pub(super) fn restore(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Reader::new(bytes, MARK)?;
        let (batch, max_tries) = (bytes.count()?, bytes.count()?);
        let (temperature, cut) = (bytes.double()?, bytes.byte()? != 0);
        let mut losses = Vec::new();
        for _ in 0..bytes.count()? {
            losses.push((bytes.double()?, bytes.double()?));
        }
        let coding = Coding::read(&mut bytes)?;
        let network = Generator::read(&mut bytes, coding.layout.clone())?;
        let whole = bytes.is_at_end() && (1..=LARGEST_BATCH).contains(&batch) && !coding.places.is_empty();
        whole.then_some(Fitted { coding, network, losses, batch, temperature, cut, max_tries })
    }

    /// Checks the conditions; two of the same column must agree.
    fn wishes(&self, conditions: &[Condition]) -> Result<Vec<Wish>, RebalanceError> {
        let mut wishes: Vec<Wish> = Vec::new();
        for &Condition { column, level } in conditions {
            let Some(&place) = self.coding.places.get(column) else {
                let columns = self.coding.places.len();
                return Err(refuse(format!("there is no column at position {}; the table has {columns}", column + 1)));
            };
            let Place::Category(category) = place else {
                let name = self.coding.name_of(place);
                return Err(refuse(format!("column `{name}` holds numbers and a condition names a category; read it as categories")));
            };
            let coding = &self.coding.categories[category];
            let name = &coding.name;
            let Some(text) = coding.levels.get(level as usize) else {
                let (known, asked) = (coding.levels.len(), u64::from(level) + 1);
                return Err(refuse(format!("column `{name}` has {known} categories, number {asked} was asked for")));
            };
            let Some((slot, rows)) = coding.slot_of(level) else {
                return Err(refuse(format!(
                    "no row to learn from had {name} = {text}, so no row can be made of it; learn from rows that have it"
                )));
            };
            if let Some(other) = wishes.iter().find(|wish| wish.category == category) {
                if other.level != level {
                    let other = &coding.levels[other.level as usize];
                    return Err(refuse(format!(
                        "column `{name}` cannot have two categories at once, `{other}` and `{text}`; leave one condition out"
                    )));
                }
                continue;
            }
            wishes.push(Wish { category, slot, level, rows });
        }
        Ok(wishes)
    }

    fn too_rare(&self, wishes: &[Wish], wanted: usize, accepted: usize, made: usize) -> RebalanceError {
        let text = |wish: &Wish| {
            let coding = &self.coding.categories[wish.category];
            format!("{} = {}", coding.name, coding.levels[wish.level as usize])
        };
        RebalanceError::ConditionsTooRare {
            method: CARD.id,
            conditions: wishes.iter().map(text).collect::<Vec<_>>().join(", "),
            wanted,
            accepted,
            made,
        }
    }
}

impl synthesis::Generator for Fitted {
    fn sample(&self, rows: usize, conditions: &[Condition], rng: &mut dyn Rng) -> Result<Table, RebalanceError> {
        let wishes = self.wishes(conditions)?;
        let streams = Streams::new(rng.next_u64());
        let free = Conditions::for_sampling(&self.coding);
        let named = wishes.iter().min_by_key(|wish| wish.rows).map(|wish| self.coding.categories[wish.category].offset + wish.slot);
        let mut pass = Pass::new(&self.network.shape, self.batch);
        let mut latent = vec![0; self.batch];
        let mut table = self.coding.empty();
        let (mut accepted, mut made) = (0, 0);
        let width = self.coding.layout.width;
        for step in 0.. {
            if accepted == rows {
                break;
            }
            // Enough are made before giving up that a rate above one in `max_tries` would have been enough but for bad luck.
            if made >= rows.saturating_mul(self.max_tries).max(FEWEST_BATCHES * self.batch) || step >= 1 << 28 {
                return Err(self.too_rare(&wishes, rows, accepted, made));
            }
            let mut rng = streams.stream(Purpose::Sampling, 1, step, 255);
            for condition in &mut latent {
                *condition = named.map_or_else(|| free.draw(&mut rng), |named| named as u32);
            }
            pass.draw(&self.network.shape, &streams, Purpose::Sampling, 0, step);
            self.network.forward(&mut pass, &latent, self.temperature as f32, false);
            for row in pass.made.chunks(width) {
                if accepted == rows {
                    break;
                }
                made += 1;
                if wishes.iter().any(|wish| self.coding.slot(wish.category, row) != wish.slot) {
                    continue;
                }
                accepted += 1;
                for (&place, column) in self.coding.places.iter().zip(&mut table.columns) {
                    match (place, &mut column.cells) {
                        (Place::Number(number), Cells::Numbers { values, .. }) => values.push(self.coding.number(number, row, self.cut)),
                        (Place::Category(category), Cells::Categories { codes, .. }) => {
                            let wish = wishes.iter().find(|wish| wish.category == category);
                            let coding = &self.coding.categories[category];
                            codes.push(wish.map_or_else(|| coding.level(self.coding.slot(category, row), &mut rng), |wish| wish.level));
                        }
                        _ => unreachable!("the empty table was made of this coding"),
                    }
                }
            }
        }
        Ok(table)
    }

    fn losses(&self) -> &[(f64, f64)] {
        &self.losses
    }

    fn save(&self) -> Option<Vec<u8>> {
        let mut out = Writer::new(MARK);
        out.count(self.batch);
        out.count(self.max_tries);
        out.doubles(&[self.temperature]);
        out.byte(u8::from(self.cut));
        out.count(self.losses.len());
        for &(critic, generator) in &self.losses {
            out.doubles(&[critic, generator]);
        }
        self.coding.write(&mut out);
        self.network.write(&mut out);
        Some(out.finish())
    }
}
