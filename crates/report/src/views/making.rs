//! Made rows as plain tables: how many of each group and label, how like the real ones, how near to single ones, and what can be learned from them.

use evenhand_catalog::Card;
use evenhand_metrics::Estimate;
use evenhand_metrics::likeness::Distances;

use crate::cards;
use crate::document::Report;
use crate::document::Synthesis;
use crate::numbers::{count, counted};
use crate::views::tables::{Table, estimate_text};

/// Judged rows below which a value is marked: one row more or less would change it a lot.
const FEW_ROWS: usize = 30;

/// Columns and pairs shown beside the mean, those least alike.
const LEAST: usize = 8;

/// The made rows of a report's first method that has some. `learners`: cards of methods by which learners are explained; may be empty.
pub fn tables(report: &Report, learners: &[&'static Card]) -> Vec<Table> {
    let Some(made) = report.methods.iter().find_map(|method| method.runs.first()?.synthesis.as_ref()) else { return Vec::new() };
    of(made, learners)
}

/// All tables of made rows.
pub(crate) fn of(made: &Synthesis, learners: &[&'static Card]) -> Vec<Table> {
    [Some(cells(made)), Some(likeness(made)), Some(closeness(made)), efficacy(made, learners)].into_iter().flatten().collect()
}

fn cells(made: &Synthesis) -> Table {
    let labelled = made.cells.iter().any(|cell| cell.label.is_some());
    let mut table =
        Table { title: "rows of each group".to_owned(), headers: vec!["group".to_owned()], right_aligned: vec![false], ..Table::default() };
    if labelled {
        table.headers.push("label".to_owned());
        table.right_aligned.push(false);
    }
    table.headers.extend(["learned from".to_owned(), "made".to_owned()]);
    table.right_aligned.extend([true, true]);
    for cell in &made.cells {
        let label = cell.label.clone().filter(|_| labelled);
        table.rows.push(std::iter::once(cell.group.clone()).chain(label).chain([count(cell.before), count(cell.rows)]).collect());
    }
    table
}

fn likeness(made: &Synthesis) -> Table {
    let quality = &made.quality;
    let mut table = Table {
        title: "how like the real rows".to_owned(),
        headers: vec!["what".to_owned(), "similarity".to_owned()],
        right_aligned: vec![false, true],
        rows: vec![
            vec![format!("columns, mean of {}", quality.columns.len()), estimate_text(&quality.marginal)],
            vec![format!("pairs of columns, mean of {}", quality.pairs.len()), estimate_text(&quality.pairwise)],
        ],
        footnotes: vec![
            "1 is alike. Balanced rows cannot be like the real ones in the columns that were balanced, nor in what goes with them."
                .to_owned(),
        ],
    };
    let mut least: Vec<(f64, String)> = quality
        .columns
        .iter()
        .filter_map(|column| Some((column.similarity.number()?, column.column.clone())))
        .chain(quality.pairs.iter().filter_map(|pair| Some((pair.similarity.number()?, format!("{} and {}", pair.first, pair.second)))))
        .collect();
    least.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (similarity, name) in least.into_iter().take(LEAST) {
        table.rows.push(vec![format!("  least: {name}"), estimate_text(&Estimate::value(similarity))]);
    }
    table
}

fn closeness(made: &Synthesis) -> Table {
    let near = &made.quality.closeness;
    let of = |distances: &Distances| [estimate_text(&distances.fifth_percentile), estimate_text(&distances.median)];
    let row = |name: &str, distances: &Distances| -> Vec<String> { std::iter::once(name.to_owned()).chain(of(distances)).collect() };
    let mut table = Table {
        title: "how near to single rows".to_owned(),
        headers: vec!["distance to the closest".to_owned(), "5 % of rows below".to_owned(), "median".to_owned()],
        right_aligned: vec![false, true, true],
        rows: vec![row("made row to a row learned from", &near.synthetic_to_training)],
        ..Table::default()
    };
    if near.holdout_rows > 0 {
        table.rows.push(row("made row to a row held out", &near.synthetic_to_holdout));
        table.rows.push(row("held-out row to a row learned from", &near.holdout_to_training));
    }
    table.footnotes.push(format!(
        "Exact copies of real rows: {} were made; {} of rows learned from are among the rows written; {} of the rows learned from equal another one.",
        counted(made.copies, "row"),
        near.copies,
        near.training_repeats
    ));
    if let (Some(share), Some(expected)) = (near.share_closer_to_training.number(), near.expected_share.number()) {
        let meaning = if made.other_jobs {
            "The rows held out are of other jobs, which alone makes made rows nearer to those learned from: this says nothing of rows learned by heart."
        } else {
            "Well above that, rows were learned by heart."
        };
        table.footnotes.push(format!(
            "Nearer to a row learned from than to one held out: {} of the made rows; {} would be so by chance. {meaning}",
            percent(share),
            percent(expected)
        ));
    } else {
        table
            .footnotes
            .push("No rows were held out, so nothing says whether made rows are nearer to those learned from than to others.".to_owned());
    }
    table.footnotes.push("Distance: 0 equal, 1 different in every column (Gower).".to_owned());
    table
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

fn efficacy(made: &Synthesis, learners: &[&'static Card]) -> Option<Table> {
    let found = &made.quality.efficacy;
    let mut table = Table {
        title: "learned from them, judged on held-out real rows".to_owned(),
        headers: ["learner", "metric", "rows", "n", "from real rows", "from made rows"].map(str::to_owned).to_vec(),
        right_aligned: vec![false, false, false, true, true, true],
        ..Table::default()
    };
    let number = |n: usize| if n < FEW_ROWS { format!("{} *", count(n)) } else { count(n) };
    let mut explained: Vec<String> = Vec::new();
    for one in found {
        let metric = cards::metric(&one.metric).map_or(one.metric.as_str(), |card| card.name);
        let row = |who: &str, n: usize, real: &Estimate, made: &Estimate| {
            vec![one.learner.clone(), metric.to_owned(), who.to_owned(), number(n), estimate_text(real), estimate_text(made)]
        };
        table.rows.push(row("all", made.judged_on, &one.trained_on_real, &one.trained_on_synthetic));
        for group in &one.by_group {
            table.rows.push(row(&group.group, group.rows, &group.trained_on_real, &group.trained_on_synthetic));
        }
        for (shown, id) in [(one.learner.as_str(), &one.learner), (metric, &one.metric)] {
            // Not every learner stands in a registry.
            let Some(card) = cards::metric(id).or_else(|| learners.iter().copied().find(|card| card.id == *id)) else { continue };
            let told = format!("{shown}: {}", first_sentence(card.summary));
            if !explained.contains(&told) {
                explained.push(told);
            }
        }
    }
    let few = |n: usize| n < FEW_ROWS;
    if few(made.judged_on) || found.iter().flat_map(|one| &one.by_group).any(|group| few(group.rows)) {
        table.footnotes.push(format!("* Judged on fewer than {FEW_ROWS} rows: too few to tell whether two values differ."));
    }
    table
        .footnotes
        .push("Each learner was fitted once on either side, so that there are no intervals: small differences may be chance.".to_owned());
    table.footnotes.extend(explained);
    (!found.is_empty()).then_some(table)
}

/// The beginning of a card's summary, which says the most.
fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}
