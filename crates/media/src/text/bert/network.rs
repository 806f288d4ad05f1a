//! The encoder's layers. Every function takes the states of one chunk, `tokens x hidden`, row after row.

use evenhand_kernels::{Grid, Threads, multiply};

use super::arithmetic::{Norm, gelu, softmax};
use super::config::Config;
use super::weights::Weights;
use crate::MediaError;

/// `outputs x inputs`, as the file has it.
#[derive(Debug)]
struct Linear {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Linear {
    fn read(weights: &Weights, name: &str, inputs: usize, outputs: usize) -> Result<Self, MediaError> {
        let weight = weights.read(&format!("{name}.weight"), &[outputs, inputs])?;
        Ok(Linear { weight, bias: weights.read(&format!("{name}.bias"), &[outputs])? })
    }

    /// `out = x W'`, or `out += x W'`; without the bias.
    fn product(&self, out: &mut [f32], x: &[f32], accumulate: bool) {
        let outputs = self.bias.len();
        let inputs = self.weight.len() / outputs;
        let weight = Grid::new(&self.weight, outputs, inputs).transposed();
        multiply(out, Grid::new(x, x.len() / inputs, inputs), weight, accumulate, Threads::One);
    }

    fn apply(&self, out: &mut [f32], x: &[f32]) {
        for row in out.chunks_exact_mut(self.bias.len()) {
            row.copy_from_slice(&self.bias);
        }
        self.product(out, x, true);
    }

    /// `states += x W' + b`: the product and the way around it.
    fn add_to(&self, states: &mut [f32], x: &[f32]) {
        for row in states.chunks_exact_mut(self.bias.len()) {
            for (state, bias) in row.iter_mut().zip(&self.bias) {
                *state += bias;
            }
        }
        self.product(states, x, true);
    }
}

#[derive(Debug)]
struct Layer {
    // Query, key and value below each other.
    attention: Linear,
    attention_output: Linear,
    attention_norm: Norm,
    intermediate: Linear,
    output: Linear,
    norm: Norm,
}

/// A BERT encoder with its weights.
#[derive(Debug)]
pub(super) struct Network {
    config: Config,
    words: Vec<f32>,
    // Position embedding plus the embedding of type 0, which every token of a single text has.
    places: Vec<f32>,
    norm: Norm,
    layers: Vec<Layer>,
    pooler: Option<Linear>,
}

fn norm(weights: &Weights, name: &str, config: &Config) -> Result<Norm, MediaError> {
    let (weight, bias) = weights.norm(name, config.hidden)?;
    Ok(Norm { weight, bias, epsilon: config.epsilon })
}

impl Network {
    pub(super) fn read(weights: &Weights, config: Config) -> Result<Self, MediaError> {
        let hidden = config.hidden;
        let mut places = weights.read("embeddings.position_embeddings.weight", &[config.positions, hidden])?;
        let types = weights.read("embeddings.token_type_embeddings.weight", &[config.types, hidden])?;
        for row in places.chunks_exact_mut(hidden) {
            for (place, first) in row.iter_mut().zip(&types) {
                *place += first;
            }
        }
        let layers = (0..config.layers).map(|number| Layer::read(weights, number, &config)).collect::<Result<Vec<Layer>, MediaError>>()?;
        let pooler = if weights.has("pooler.dense.weight") { Some(Linear::read(weights, "pooler.dense", hidden, hidden)?) } else { None };
        Ok(Network {
            words: weights.read("embeddings.word_embeddings.weight", &[config.vocabulary, hidden])?,
            places,
            norm: norm(weights, "embeddings.LayerNorm", &config)?,
            layers,
            pooler,
            config,
        })
    }

    pub(super) fn has_pooler(&self) -> bool {
        self.pooler.is_some()
    }

    /// The last hidden states of one chunk. The ids are below the vocabulary's size, and at most as many as there are positions.
    ///
    /// A chunk is never padded, so that no token has to be hidden from the attention.
    pub(super) fn states(&self, ids: &[u32]) -> Vec<f32> {
        let hidden = self.config.hidden;
        let mut states = Vec::with_capacity(ids.len() * hidden);
        for (id, place) in ids.iter().zip(self.places.chunks_exact(hidden)) {
            let word = &self.words[*id as usize * hidden..][..hidden];
            states.extend(word.iter().zip(place).map(|(word, place)| word + place));
        }
        self.norm.apply(&mut states);
        let mut room = Room::new(ids.len(), &self.config);
        for layer in &self.layers {
            layer.apply(&mut states, &mut room, &self.config);
        }
        states
    }

    /// `tanh(W h + b)` of the first state; `None` without a pooler.
    pub(super) fn pooled(&self, states: &[f32]) -> Option<Vec<f32>> {
        let pooler = self.pooler.as_ref()?;
        let mut pooled = vec![0.0; self.config.hidden];
        pooler.apply(&mut pooled, &states[..self.config.hidden]);
        Some(pooled.into_iter().map(f32::tanh).collect())
    }
}

/// Memory that every layer uses again.
struct Room {
    tokens: usize,
    projected: Vec<f32>,
    shares: Vec<f32>,
    head: Vec<f32>,
    context: Vec<f32>,
    wide: Vec<f32>,
}

impl Room {
    fn new(tokens: usize, config: &Config) -> Self {
        let zeros = |columns: usize| vec![0.0; tokens * columns];
        Room {
            tokens,
            projected: zeros(3 * config.hidden),
            shares: zeros(tokens),
            head: zeros(config.hidden / config.heads),
            context: zeros(config.hidden),
            wide: zeros(config.intermediate),
        }
    }
}

impl Layer {
    fn read(weights: &Weights, number: usize, config: &Config) -> Result<Self, MediaError> {
        let hidden = config.hidden;
        let name = |part: &str| format!("encoder.layer.{number}.{part}");
        let mut attention = Linear::read(weights, &name("attention.self.query"), hidden, hidden)?;
        for part in ["attention.self.key", "attention.self.value"] {
            let Linear { weight, bias } = Linear::read(weights, &name(part), hidden, hidden)?;
            attention.weight.extend(weight);
            attention.bias.extend(bias);
        }
        Ok(Layer {
            attention,
            attention_output: Linear::read(weights, &name("attention.output.dense"), hidden, hidden)?,
            attention_norm: norm(weights, &name("attention.output.LayerNorm"), config)?,
            intermediate: Linear::read(weights, &name("intermediate.dense"), hidden, config.intermediate)?,
            output: Linear::read(weights, &name("output.dense"), config.intermediate, hidden)?,
            norm: norm(weights, &name("output.LayerNorm"), config)?,
        })
    }

    fn apply(&self, states: &mut [f32], room: &mut Room, config: &Config) {
        self.attention.apply(&mut room.projected, states);
        attend(room, config);
        self.attention_output.add_to(states, &room.context);
        self.attention_norm.apply(states);
        self.intermediate.product(&mut room.wide, states, false);
        gelu(&mut room.wide, &self.intermediate.bias);
        self.output.add_to(states, &room.wide);
        self.norm.apply(states);
    }
}

/// From query, key and value beside each other to the context: softmax(Q K' / sqrt d) V for each head of width d.
fn attend(room: &mut Room, config: &Config) {
    let Room { tokens, projected, shares, head, context, .. } = room;
    let (tokens, hidden) = (*tokens, config.hidden);
    let width = hidden / config.heads;
    for number in 0..config.heads {
        let part = |begin: usize| Grid::strided(&projected[begin + number * width..], tokens, width, 3 * hidden, 1);
        multiply(shares, part(0), part(hidden).transposed(), false, Threads::One);
        softmax(shares, tokens, 1.0 / (width as f32).sqrt());
        multiply(head, Grid::new(shares, tokens, tokens), part(2 * hidden), false, Threads::One);
        for (row, values) in context.chunks_exact_mut(hidden).zip(head.chunks_exact(width)) {
            row[number * width..][..width].copy_from_slice(values);
        }
    }
}
