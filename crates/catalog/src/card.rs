use crate::Parameter;

/// Which registry a card belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A corpus that `data` can load.
    Corpus,
    /// A number about outcomes.
    Metric,
    /// Gate 1: changes the training rows.
    Rebalancer,
    /// Gate 2: a training method.
    Objective,
    /// Gate 2: what turns inputs into a score and is trained under an objective.
    Network,
    /// Gate 1: learns a table and makes rows like it.
    Synthesiser,
    /// Gate 3: puts the candidates of a list into another order.
    Reranker,
    /// Gate 3: changes scores or decisions by group, fitted on rows that the model did not learn from.
    Repair,
    /// A rule of law: which tables of rates it asks for.
    Law,
}

impl Kind {
    /// The word used in headings and in `evenhand catalog`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Corpus => "corpus",
            Kind::Metric => "metric",
            Kind::Rebalancer => "rebalancer",
            Kind::Objective => "objective",
            Kind::Network => "network",
            Kind::Synthesiser => "synthesiser",
            Kind::Reranker => "re-ranker",
            Kind::Repair => "repair",
            Kind::Law => "rule of law",
        }
    }
}

impl Kind {
    /// Whether a method of this kind reads a candidate's group when it decides about that candidate; `None` where that depends on the method, or nothing is decided.
    pub fn reads_the_group(self) -> Option<bool> {
        match self {
            Kind::Reranker | Kind::Repair => Some(true),
            Kind::Rebalancer | Kind::Synthesiser => Some(false),
            Kind::Corpus | Kind::Metric | Kind::Objective | Kind::Network | Kind::Law => None,
        }
    }
}

/// What whoever uses a method that reads the group at the decision must have looked at. Facts to check, no advice.
pub const READS_THE_GROUP: &str = "the group of a candidate is read when scores are adjusted, decided or ranked. 42 U.S.C. 2000e-2(l) forbids, for employment \
                                   tests in the USA, to adjust scores or to use different cutoffs on the basis of race, color, religion, sex or national \
                                   origin. To be checked with counsel before use.";

/// Which way a number points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Larger values are better (accuracy, correlation).
    Higher,
    /// Smaller values are better (a loss, a difference whose fair value is 0).
    Lower,
    /// The value nearest to `fair_value` is better (a ratio, a signed difference).
    NearFair,
    /// The number describes; no value of it is better (a selection rate, a count).
    Describes,
}

/// What a metric, a method or a corpus says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// Kebab-case id; equals the file name of its source with `_` for `-`.
    pub id: &'static str,
    /// The field's name for it, as it stands in tables.
    pub name: &'static str,
    /// The registry it stands in.
    pub kind: Kind,
    /// One or two sentences: what it does and when to use it.
    pub summary: &'static str,
    /// The formula in plain text, every symbol named. Empty for corpora.
    pub formula: &'static str,
    /// Value at parity, where there is one.
    pub fair_value: Option<f64>,
    /// Values it can take, for example `[0, 1]`. Empty for methods.
    pub range: &'static str,
    /// Which way the number points.
    pub direction: Direction,
    /// Paper and equation, rule, or origin and licence of a corpus.
    pub source: &'static str,
    /// The parameters it takes, each with default, range and purpose.
    pub parameters: &'static [Parameter],
}

impl Card {
    /// The least and the largest value that [`Card::range`] declares for the definition in use without a convention: `[0, 1] for scores in [0, 1]` and `[0, 1]; aif360: ...`
    /// are 0 and 1. An end in words (`candidates - 1`) is infinite, as it depends on the rows; `None` where the declaration begins with no interval.
    ///
    /// ```
    /// # use evenhand_catalog::{Card, Direction, Kind};
    /// # let card = |range| Card { id: "x", name: "x", kind: Kind::Metric, summary: "", formula: "", fair_value: None, range,
    /// #     direction: Direction::Lower, source: "", parameters: &[] };
    /// assert_eq!(card("[0, 1] for scores in [0, 1]").bounds(), Some((0.0, 1.0)));
    /// assert_eq!(card("[0, candidates - 1]").bounds(), Some((0.0, f64::INFINITY)));
    /// assert_eq!(card("that of the scores").bounds(), None);
    /// ```
    pub fn bounds(&self) -> Option<(f64, f64)> {
        let inside = self.range.strip_prefix(['[', '('])?;
        let (low, rest) = inside.split_once(',')?;
        let (high, _) = rest.split_once([']', ')'])?;
        let end = |text: &str, endless: f64| text.trim().parse::<f64>().unwrap_or(endless);
        Some((end(low, f64::NEG_INFINITY), end(high, f64::INFINITY)))
    }

    /// Whether the numbers are in units of scores or labels, which are rescaled to [0, 1].
    pub fn is_of_scores(&self) -> bool {
        self.range.contains("scores")
    }
}
