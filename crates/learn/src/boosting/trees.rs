//! What boosting leaves behind: trees that score rows, and their file.
//!
//! ```text
//! logit(x) = start + sum over trees of the value of the leaf that x falls into       score = sigmoid(logit)
//! FOLDER/trees.json    format, version, columns, start, and for each tree the arrays feature, cut, missing_left, left, right, value
//! ```
//!
//! A node with `left = 0` is a leaf. Children stand behind their parents, which is checked when a file is read, so that every walk ends.

use std::path::Path;

use evenhand_rows::Matrix;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::rows::Candidates;
use crate::scorer::{Fitted, Loader, Prediction, score};
use crate::{LearnError, archive};

const FILE: &str = "trees.json";
const FORMAT: &str = "evenhand-trees";
const VERSION: u32 = 1;
/// Rows that one thread scores at a time.
const BLOCK: usize = 1024;

/// A node: a question about one column, or a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Node {
    /// Column that is looked at.
    pub feature: u32,
    /// Values up to this one go left.
    pub cut: f32,
    /// Whether a missing value goes left.
    pub missing_left: bool,
    /// Place of the left child; 0 for a leaf.
    pub left: u32,
    /// Place of the right child; 0 for a leaf.
    pub right: u32,
    /// What a leaf adds to the logit.
    pub value: f32,
}

impl Node {
    pub(super) fn leaf(value: f32) -> Self {
        Node { feature: 0, cut: 0.0, missing_left: false, left: 0, right: 0, value }
    }
}

/// One tree; its root stands first.
#[derive(Debug, Clone, PartialEq)]
pub struct Tree {
    /// The nodes, children behind their parents.
    pub nodes: Vec<Node>,
}

impl Tree {
    /// The value of the leaf that a row falls into.
    pub fn value(&self, row: &[f32]) -> f32 {
        let mut node = &self.nodes[0];
        while node.left != 0 {
            let value = row[node.feature as usize];
            let left = if value.is_nan() { node.missing_left } else { value <= node.cut };
            node = &self.nodes[if left { node.left } else { node.right } as usize];
        }
        node.value
    }

    /// Number of leaves.
    pub fn leaves(&self) -> usize {
        self.nodes.iter().filter(|node| node.left == 0).count()
    }
}

/// A sum of trees.
#[derive(Debug, Clone, PartialEq)]
pub struct Trees {
    /// Number of input columns.
    pub columns: usize,
    /// The logit before the first tree.
    pub start: f64,
    /// The trees, in the order they were grown.
    pub trees: Vec<Tree>,
}

impl Trees {
    /// The logits of rows; the matrix has [`Trees::columns`] columns.
    pub fn logits(&self, features: &Matrix) -> Vec<f64> {
        let mut logits = vec![self.start; features.rows()];
        self.add(0..self.trees.len(), features, &mut logits);
        logits
    }

    /// Adds what some of the trees say to the logits, tree after tree.
    pub(super) fn add(&self, trees: std::ops::Range<usize>, features: &Matrix, logits: &mut [f64]) {
        logits.par_chunks_mut(BLOCK).enumerate().for_each(|(block, logits)| {
            for tree in &self.trees[trees.clone()] {
                for (place, logit) in logits.iter_mut().enumerate() {
                    *logit += f64::from(tree.value(features.row(block * BLOCK + place)));
                }
            }
        });
    }

    /// Scores and logits as a prediction: a score is the sigmoid of the logit rounded to `f32`, so that a kept logit tells the score.
    pub(crate) fn prediction(logits: &[f64]) -> Prediction {
        let logits: Vec<f32> = logits.iter().map(|&logit| logit as f32).collect();
        Prediction { scores: logits.iter().map(|&logit| score(logit)).collect(), logits, ..Prediction::default() }
    }

    pub(crate) const LOADER: Loader = Loader {
        name: "trees",
        load: |folder, manifest| {
            manifest.table_alone("trees", folder)?;
            Ok(Box::new(Trees::load(folder, manifest.columns())?))
        },
    };

    /// Reads the trees of a model folder; they must take `columns` columns.
    pub(crate) fn load(folder: &Path, columns: usize) -> Result<Self, LearnError> {
        let path = folder.join(FILE);
        let problem = |problem: String| LearnError::BadFile {
            path: path.clone(),
            problem,
            remedy: "it may be cut off or edited; train again or restore it from a copy",
        };
        let text = std::fs::read_to_string(&path).map_err(|source| LearnError::Io { action: "reading", path: path.clone(), source })?;
        let file: File = serde_json::from_str(&text).map_err(|error| problem(format!("does not hold trees ({error})")))?;
        if (file.format.as_str(), file.version) != (FORMAT, VERSION) {
            return Err(problem(format!("is of format `{}` {}, this program reads `{FORMAT}` {VERSION}", file.format, file.version)));
        }
        if file.columns != columns {
            return Err(problem(format!("takes {} columns where scorer.json says {columns}", file.columns)));
        }
        if !file.start.is_finite() {
            return Err(problem(format!("starts from {}", file.start)));
        }
        let trees = file.trees.into_iter().enumerate().map(|(number, tree)| {
            tree.into_tree(columns).map_err(|reason| problem(format!("holds a damaged tree (number {}: {reason})", number + 1)))
        });
        Ok(Trees { columns, start: file.start, trees: trees.collect::<Result<_, _>>()? })
    }
}

impl Fitted for Trees {
    fn name(&self) -> &'static str {
        Self::LOADER.name
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn predict(&self, candidates: Candidates<'_>) -> Result<Prediction, LearnError> {
        if candidates.recordings.is_some() {
            let reason = "they come with recordings, and trees read the columns of a table; hand over the table alone".to_owned();
            return Err(LearnError::Unreadable { reason });
        }
        Ok(Trees::prediction(&self.logits(candidates.features)))
    }

    fn save(&self, folder: &Path) -> Result<(), LearnError> {
        let file = File {
            format: FORMAT.to_owned(),
            version: VERSION,
            columns: self.columns,
            start: self.start,
            trees: self.trees.iter().map(Arrays::from_tree).collect(),
        };
        let path = folder.join(FILE);
        let text = serde_json::to_string(&file).map_err(|error| LearnError::BadFile {
            path: path.clone(),
            problem: format!("cannot hold these trees ({error})"),
            remedy: "report this with the recipe that led to it",
        })?;
        archive::write_whole(&path, text.as_bytes())
    }
}

/// `trees.json`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    version: u32,
    columns: usize,
    start: f64,
    trees: Vec<Arrays>,
}

/// A tree as arrays, one entry a node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arrays {
    feature: Vec<u32>,
    cut: Vec<f32>,
    missing_left: Vec<bool>,
    left: Vec<u32>,
    right: Vec<u32>,
    value: Vec<f32>,
}

impl Arrays {
    fn from_tree(tree: &Tree) -> Self {
        Arrays {
            feature: tree.nodes.iter().map(|node| node.feature).collect(),
            cut: tree.nodes.iter().map(|node| node.cut).collect(),
            missing_left: tree.nodes.iter().map(|node| node.missing_left).collect(),
            left: tree.nodes.iter().map(|node| node.left).collect(),
            right: tree.nodes.iter().map(|node| node.right).collect(),
            value: tree.nodes.iter().map(|node| node.value).collect(),
        }
    }

    /// The tree, or what is wrong with it.
    fn into_tree(self, columns: usize) -> Result<Tree, String> {
        let count = self.feature.len();
        let lengths = [self.cut.len(), self.missing_left.len(), self.left.len(), self.right.len(), self.value.len()];
        if count == 0 || lengths.iter().any(|&length| length != count) {
            return Err(format!("its arrays have {count} and {lengths:?} entries; all must have as many, and one at least"));
        }
        let mut nodes = Vec::with_capacity(count);
        for place in 0..count {
            let node = Node {
                feature: self.feature[place],
                cut: self.cut[place],
                missing_left: self.missing_left[place],
                left: self.left[place],
                right: self.right[place],
                value: self.value[place],
            };
            if !node.cut.is_finite() || !node.value.is_finite() {
                return Err(format!("node {place} holds a number that is not finite"));
            }
            if node.feature as usize >= columns {
                return Err(format!("node {place} asks for column {} of {columns}", node.feature));
            }
            let behind = |child: u32| (place + 1..count).contains(&(child as usize));
            let leaf = node.left == 0 && node.right == 0;
            if !(leaf || behind(node.left) && behind(node.right)) {
                return Err(format!("node {place} has the children {} and {}, which must stand behind it", node.left, node.right));
            }
            nodes.push(node);
        }
        Ok(Tree { nodes })
    }
}
