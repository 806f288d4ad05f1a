//! From the last hidden states of a transcript's chunks to one vector.
//!
//! ```text
//! one chunk, states h_0 = [CLS], h_1 .. h_n, h_{n+1} = [SEP], each of the encoder's width
//!   cls-pooler   p = tanh(W h_0 + b)                           W, b: the model's own pooler.dense; range (-1, 1)
//!   cls          p = h_0
//!   mean         p = (h_0 + ... + h_{n+1}) / (n + 2)
//! chunks c with n_c tokens
//!   v = sum_c n_c p_c / sum_c n_c
//!   unit-mean    v / |v|, p as for mean
//! ```
//!
//! The mean counts `[CLS]` and `[SEP]`, as sentence-transformers does; there is no padding that could enter it. The length is made 1 once,
//! after the mean over chunks, so that a short transcript gets what sentence-transformers gives. A vector of length 0 stays 0.
//!
//! Source: the pooler is BERT's (Devlin et al. 2019); mean pooling Reimers and Gurevych 2019. The mean over chunks is ours: public
//! code either cuts a long text after the first 512 tokens or fails.

/// How the states of a chunk become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooling {
    /// The model's own pooler over the state of `[CLS]`; what the interview model uses.
    #[default]
    ClsPooler,
    /// The state of `[CLS]`.
    Cls,
    /// The mean over all tokens.
    Mean,
    /// The mean over all tokens, scaled to length 1; what sentence-transformers' MiniLM models are made for.
    UnitMean,
}

impl Pooling {
    /// Every pooling.
    pub const ALL: [Pooling; 4] = [Pooling::ClsPooler, Pooling::Cls, Pooling::Mean, Pooling::UnitMean];

    /// Its name in recipes.
    pub fn id(self) -> &'static str {
        match self {
            Pooling::ClsPooler => "cls-pooler",
            Pooling::Cls => "cls",
            Pooling::Mean => "mean",
            Pooling::UnitMean => "unit-mean",
        }
    }

    /// The pooling of that name.
    pub fn from_id(id: &str) -> Option<Self> {
        Pooling::ALL.into_iter().find(|pooling| pooling.id() == id)
    }
}

/// Mean of the rows of `states`, each of `width` values.
pub(crate) fn mean(states: &[f32], width: usize) -> Vec<f32> {
    let mut sum = vec![0.0_f64; width];
    for row in states.chunks_exact(width) {
        for (sum, value) in sum.iter_mut().zip(row) {
            *sum += f64::from(*value);
        }
    }
    let rows = (states.len() / width).max(1) as f64;
    sum.into_iter().map(|sum| (sum / rows) as f32).collect()
}

/// Mean of vectors, weighted.
#[derive(Debug)]
pub(crate) struct WeightedMean {
    sum: Vec<f64>,
    weight: f64,
}

impl WeightedMean {
    pub(crate) fn new(width: usize) -> Self {
        WeightedMean { sum: vec![0.0; width], weight: 0.0 }
    }

    pub(crate) fn add(&mut self, vector: &[f32], weight: f64) {
        self.weight += weight;
        for (sum, value) in self.sum.iter_mut().zip(vector) {
            *sum += weight * f64::from(*value);
        }
    }

    /// The mean; scaled to length 1 where asked and possible. Zeros where nothing was added.
    pub(crate) fn finish(self, unit: bool) -> Vec<f32> {
        let weight = if self.weight > 0.0 { self.weight } else { 1.0 };
        let mean: Vec<f64> = self.sum.into_iter().map(|sum| sum / weight).collect();
        let length = if unit { mean.iter().map(|value| value * value).sum::<f64>().sqrt() } else { 1.0 };
        let length = if length > 0.0 { length } else { 1.0 };
        mean.into_iter().map(|value| (value / length) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_by_hand() {
        assert_eq!(mean(&[1.0, 2.0, 3.0, 6.0], 2), [2.0, 4.0]);
        let mut over_chunks = WeightedMean::new(2);
        over_chunks.add(&[4.0, 0.0], 3.0);
        over_chunks.add(&[0.0, 16.0], 1.0);
        assert_eq!(over_chunks.finish(false), [3.0, 4.0]);
        let mut unit = WeightedMean::new(2);
        unit.add(&[6.0, 8.0], 5.0);
        assert_eq!(unit.finish(true), [0.6, 0.8]);
        assert_eq!(WeightedMean::new(2).finish(true), [0.0, 0.0]);
    }

    #[test]
    fn names_lead_back() {
        for pooling in Pooling::ALL {
            assert_eq!(Pooling::from_id(pooling.id()), Some(pooling));
        }
        assert_eq!(Pooling::from_id("max"), None);
    }
}
