//! Growing one tree: histograms, splits, and the order in which leaves are split.

use rayon::prelude::*;

use super::Settings;
use super::columns::{Kind, Store};
use super::trees::{Node, Tree};

/// Row-column pairs below which a node is not worth handing to other threads.
const PARALLEL_WORK: usize = 1 << 14;

/// Share of a merit that sums in another order may differ by.
const ROUNDING: f64 = 1e-12;

/// First and second derivative of a row, with its weight.
pub(super) type Slopes = [f32; 2];

/// Sums over rows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Sums {
    gradient: f64,
    hessian: f64,
    rows: u32,
}

impl Sums {
    fn plus(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient + other.gradient, hessian: self.hessian + other.hessian, rows: self.rows + other.rows }
    }

    fn less(self, other: Sums) -> Sums {
        Sums { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian, rows: self.rows - other.rows }
    }

    /// The value that lowers the loss most, within the limit.
    fn value(self, settings: &Settings) -> f64 {
        let curvature = self.hessian + settings.l2;
        let value = if curvature > 0.0 { -self.gradient / curvature } else { 0.0 };
        if settings.max_leaf_value > 0.0 { value.clamp(-settings.max_leaf_value, settings.max_leaf_value) } else { value }
    }

    /// What that value takes away from the loss, twice.
    fn merit(self, settings: &Settings) -> f64 {
        let curvature = self.hessian + settings.l2;
        if settings.max_leaf_value > 0.0 {
            let value = self.value(settings);
            return -(2.0 * self.gradient + curvature * value) * value;
        }
        if curvature > 0.0 { self.gradient * self.gradient / curvature } else { 0.0 }
    }

    /// The value as it enters the tree.
    fn leaf(self, settings: &Settings) -> Node {
        Node::leaf((settings.learning_rate * self.value(settings)) as f32)
    }

    fn allowed(self, settings: &Settings) -> bool {
        self.rows as usize >= settings.min_leaf_rows && self.hessian >= settings.min_leaf_hessian
    }
}

/// A histogram of every store.
type Histograms = Vec<Vec<Sums>>;

/// A store with its place, and its histograms of a split's smaller side and of the parent.
type Siblings<'a> = (usize, ((&'a Store, &'a mut Vec<Sums>), &'a mut Vec<Sums>));

/// The best way to part a node.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Split {
    gain: f64,
    feature: u32,
    cut: f32,
    missing_left: bool,
    left: Sums,
    right: Sums,
    store: usize,
    codes: Codes,
}

/// Which codes of the store go left.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Codes {
    /// Codes up to this one, and missing values (the code given) where `missing_left`.
    UpTo(u8, Option<u8>),
    /// This code alone.
    Only(u8),
    /// Every code but this one.
    AllBut(u8),
}

impl Split {
    /// Whether each code goes left.
    fn sides(&self) -> [bool; 256] {
        let mut sides = [false; 256];
        for (code, side) in sides.iter_mut().enumerate() {
            let code = code as u8;
            *side = match self.codes {
                Codes::UpTo(_, Some(missing)) if code == missing => self.missing_left,
                Codes::UpTo(last, _) => code <= last,
                Codes::Only(one) => code == one,
                Codes::AllBut(one) => code != one,
            };
        }
        sides
    }

    /// The larger gain, of equal ones that of the earlier column.
    fn better(one: Option<Split>, other: Option<Split>) -> Option<Split> {
        match (one, other) {
            (Some(one), Some(other)) => {
                let wins = other.gain > one.gain || (other.gain == one.gain && other.feature < one.feature);
                Some(if wins { other } else { one })
            }
            (one, other) => one.or(other),
        }
    }
}

/// A leaf of the growing tree.
struct Leaf {
    node: usize,
    first: usize,
    end: usize,
    depth: usize,
    histograms: Histograms,
    best: Option<Split>,
}

/// A tree, and which rows ended in which of its leaves: (value, range of `rows`).
pub(super) struct Grown {
    pub(super) tree: Tree,
    pub(super) leaves: Vec<(f32, std::ops::Range<usize>)>,
}

/// Space that is used again for the next tree.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    ordered: Vec<Slopes>,
    scratch: Vec<u32>,
    spare: Vec<Histograms>,
}

impl Workspace {
    fn histograms(&mut self, stores: &[Store]) -> Histograms {
        self.spare.pop().unwrap_or_else(|| stores.iter().map(|store| vec![Sums::default(); store.width]).collect())
    }

    /// Copies the rows' derivatives side by side.
    fn gather(&mut self, rows: &[u32], slopes: &[Slopes]) {
        self.ordered.clear();
        self.ordered.extend(rows.iter().map(|&row| slopes[row as usize]));
    }
}

/// Grows a tree on `rows`, which it reorders; `None` where no split gains. `allowed` says which columns may be split on.
pub(super) fn grow(
    stores: &[Store],
    settings: &Settings,
    allowed: Option<&[bool]>,
    rows: &mut [u32],
    slopes: &[Slopes],
    space: &mut Workspace,
) -> Option<Grown> {
    space.gather(rows, slopes);
    let mut root = space.histograms(stores);
    let total = space.ordered.iter().fold(Sums::default(), |sum, [gradient, hessian]| {
        sum.plus(Sums { gradient: f64::from(*gradient), hessian: f64::from(*hessian), rows: 1 })
    });
    let ordered = &space.ordered;
    let fill = |(place, (store, histogram)): (usize, (&Store, &mut Vec<Sums>))| {
        if !offers(store, allowed) {
            return None;
        }
        accumulate(store, histogram, rows, ordered);
        best_of(place, store, histogram, total, settings, allowed)
    };
    let best = if rows.len() * stores.len() > PARALLEL_WORK {
        stores.par_iter().zip(&mut root).enumerate().map(fill).collect::<Vec<_>>()
    } else {
        stores.iter().zip(&mut root).enumerate().map(fill).collect()
    };
    let best = best.into_iter().fold(None, Split::better);
    if best.is_none() {
        space.spare.push(root);
        return None;
    }

    let mut nodes = vec![total.leaf(settings)];
    let mut open = vec![Leaf { node: 0, first: 0, end: rows.len(), depth: 0, histograms: root, best }];
    let mut leaves = Vec::new();
    while open.len() + leaves.len() < settings.leaves {
        // Of equal gains the earlier leaf.
        let mut chosen: Option<(usize, Split)> = None;
        for (place, leaf) in open.iter().enumerate() {
            if let Some(best) = leaf.best
                && chosen.is_none_or(|(_, split)| best.gain > split.gain)
            {
                chosen = Some((place, best));
            }
        }
        let Some((place, split)) = chosen else { break };
        let mut parent = open.remove(place);
        let middle = parent.first + part(&mut rows[parent.first..parent.end], &stores[split.store].codes, &split, &mut space.scratch);
        let (left, right) = (nodes.len(), nodes.len() + 1);
        nodes[parent.node] = Node {
            feature: split.feature,
            cut: split.cut,
            missing_left: split.missing_left,
            left: left as u32,
            right: right as u32,
            value: 0.0,
        };
        nodes.push(split.left.leaf(settings));
        nodes.push(split.right.leaf(settings));

        let depth = parent.depth + 1;
        let last = open.len() + leaves.len() + 2 >= settings.leaves || depth == settings.depth;
        let mut histograms = std::mem::take(&mut parent.histograms);
        let (mut best_left, mut best_right, mut smaller) = (None, None, Vec::new());
        if last {
            space.spare.push(std::mem::take(&mut histograms));
        } else {
            let left_is_smaller = middle - parent.first <= parent.end - middle;
            let (few, many) = if left_is_smaller { (split.left, split.right) } else { (split.right, split.left) };
            let few_rows = if left_is_smaller { &rows[parent.first..middle] } else { &rows[middle..parent.end] };
            smaller = space.histograms(stores);
            space.gather(few_rows, slopes);
            let ordered = &space.ordered;
            let work = |(place, ((store, small), large)): Siblings<'_>| {
                if !offers(store, allowed) {
                    return (None, None);
                }
                accumulate(store, small, few_rows, ordered);
                for (large, small) in large.iter_mut().zip(small.iter()) {
                    *large = large.less(*small);
                }
                let best = |histogram: &[Sums], sums| best_of(place, store, histogram, sums, settings, allowed);
                (best(small, few), best(large, many))
            };
            let found: Vec<_> = if few_rows.len() * stores.len() > PARALLEL_WORK {
                stores.par_iter().zip(&mut smaller).zip(&mut histograms).enumerate().map(work).collect()
            } else {
                stores.iter().zip(&mut smaller).zip(&mut histograms).enumerate().map(work).collect()
            };
            let (small, large) = found
                .into_iter()
                .fold((None, None), |(small, large), (one, other)| (Split::better(small, one), Split::better(large, other)));
            (best_left, best_right) = if left_is_smaller { (small, large) } else { (large, small) };
            if !left_is_smaller {
                std::mem::swap(&mut smaller, &mut histograms);
            }
        }
        // From here `smaller` is the left child's histogram, `histograms` the right one's.
        for (node, first, end, histograms, best) in
            [(left, parent.first, middle, smaller, best_left), (right, middle, parent.end, histograms, best_right)]
        {
            if best.is_some() {
                open.push(Leaf { node, first, end, depth, histograms, best });
            } else {
                leaves.push((nodes[node].value, first..end));
                if !histograms.is_empty() {
                    space.spare.push(histograms);
                }
            }
        }
    }
    for leaf in open {
        leaves.push((nodes[leaf.node].value, leaf.first..leaf.end));
        space.spare.push(leaf.histograms);
    }
    Some(Grown { tree: Tree { nodes }, leaves })
}

/// Whether any column of the store may be split on.
fn offers(store: &Store, allowed: Option<&[bool]>) -> bool {
    allowed.is_none_or(|allowed| match &store.kind {
        Kind::Column { feature, .. } => allowed[*feature as usize],
        Kind::Bundle(members) => members.iter().any(|member| allowed[member.feature as usize]),
    })
}

/// Sums up the rows by code, in their order.
fn accumulate(store: &Store, histogram: &mut [Sums], rows: &[u32], ordered: &[Slopes]) {
    // An array that a byte cannot leave: no bounds are checked in the loop.
    let mut sums = [Sums::default(); 256];
    let codes = &store.codes;
    for (&row, [gradient, hessian]) in rows.iter().zip(ordered) {
        let sum = &mut sums[codes[row as usize] as usize];
        sum.gradient += f64::from(*gradient);
        sum.hessian += f64::from(*hessian);
        sum.rows += 1;
    }
    histogram.copy_from_slice(&sums[..store.width]);
}

/// Stable: rows that go left keep their order, and so do those that go right. Gives the number that went left.
fn part(rows: &mut [u32], codes: &[u8], split: &Split, scratch: &mut Vec<u32>) -> usize {
    let sides = split.sides();
    scratch.clear();
    scratch.resize(rows.len(), 0);
    let (mut left, mut right) = (0, 0);
    for place in 0..rows.len() {
        let row = rows[place];
        let goes_left = sides[codes[row as usize] as usize];
        // Both are written, one counts: no branch to guess.
        rows[left] = row;
        scratch[right] = row;
        left += usize::from(goes_left);
        right += usize::from(!goes_left);
    }
    rows[left..].copy_from_slice(&scratch[..right]);
    left
}

/// The best split of a node on one store.
fn best_of(place: usize, store: &Store, histogram: &[Sums], total: Sums, settings: &Settings, allowed: Option<&[bool]>) -> Option<Split> {
    let mut best: Option<Split> = None;
    let own = total.merit(settings);
    let open = |feature: u32| allowed.is_none_or(|allowed| allowed[feature as usize]);
    let mut consider = |feature: u32, cut: f32, missing_left: bool, left: Sums, codes: Codes| {
        let right = total.less(left);
        if !left.allowed(settings) || !right.allowed(settings) {
            return;
        }
        let parts = left.merit(settings) + right.merit(settings);
        let gain = parts - own;
        // What rounding alone can gain is no gain.
        if gain > settings.min_gain + ROUNDING * parts.abs() && best.is_none_or(|best| gain > best.gain) {
            best = Some(Split { gain, feature, cut, missing_left, left, right, store: place, codes });
        }
    };
    match &store.kind {
        Kind::Column { feature, cuts, missing } if open(*feature) => {
            let absent = if *missing { histogram[cuts.len() + 1] } else { Sums::default() };
            let missing_code = missing.then_some(cuts.len() as u8 + 1);
            let mut left = Sums::default();
            for (code, &cut) in cuts.iter().enumerate() {
                left = left.plus(histogram[code]);
                let codes = Codes::UpTo(code as u8, missing_code);
                if absent.rows == 0 {
                    // Nothing here says where missing values belong: the larger side.
                    consider(*feature, cut, 2 * left.rows > total.rows, left, codes);
                } else {
                    consider(*feature, cut, false, left, codes);
                    consider(*feature, cut, true, left.plus(absent), codes);
                }
            }
            if absent.rows > 0 {
                // All values against none: every finite number is at most the largest.
                consider(*feature, f32::MAX, false, total.less(absent), Codes::UpTo(cuts.len() as u8, missing_code));
            }
        }
        Kind::Column { .. } => {}
        Kind::Bundle(members) => {
            for (place, member) in members.iter().enumerate().filter(|(_, member)| open(member.feature)) {
                let code = place as u8 + 1;
                let rare = histogram[place + 1];
                let (left, codes) = if member.rare_is_low { (rare, Codes::Only(code)) } else { (total.less(rare), Codes::AllBut(code)) };
                consider(member.feature, member.cut, 2 * left.rows > total.rows, left, codes);
            }
        }
    }
    best
}
