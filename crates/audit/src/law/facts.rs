//! What the sentences of a rule are made of.

use std::fmt::Write as _;

use evenhand_report::{Counted, GroupSelection, LawTable};
use evenhand_rows::Scale;

use super::categories::{RACES, SEXES};
use super::{Comparator, Details, Vocabulary};
use crate::numbers::{count, plain};

/// The median of all scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Median {
    /// Its value: the mean of the middle two where they are even in number.
    pub value: f64,
    /// The middle score, or the lower of the middle two. A score lies above the median where it lies above this one: none lies between the two.
    lower: f64,
    /// Scores that equal it.
    pub tied: usize,
}

impl Median {
    /// Of at least one score.
    pub(super) fn of(scores: &[f64]) -> Self {
        let mut ordered = scores.to_vec();
        ordered.sort_unstable_by(f64::total_cmp);
        let (lower, upper) = (ordered[(ordered.len() - 1) / 2], ordered[ordered.len() / 2]);
        let value = if lower == upper { lower } else { f64::midpoint(lower, upper) };
        let tied = scores.iter().filter(|score| lower == upper && **score == lower).count();
        Median { value, lower, tied }
    }

    /// Whether a score lies strictly above it.
    pub fn is_below(self, score: f64) -> bool {
        score > self.lower
    }
}

/// What a rule's sentences are made of.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What a person told.
    pub details: &'a Details,
    /// All people who were counted.
    pub rows: usize,
    /// Further people of the data, who have no score or decision and are counted nowhere.
    pub unscored: usize,
    /// Whether the scores are decisions.
    pub decisions: bool,
    /// Columns of jobs or other strata, each with how many people have no value of it.
    pub strata: Vec<(String, usize)>,
    /// What was counted.
    pub counted: Counted,
    /// The median, where scores are held against it.
    pub median: Option<Median>,
    /// The tables, those of all rows first.
    pub tables: &'a [LawTable],
    /// How many of them are of all rows.
    pub pooled: usize,
    /// Attributes that the rule asks for and the rows do not hold.
    pub without: Vec<&'static str>,
    /// In whose words the categories are.
    pub vocabulary: Vocabulary,
    /// The person's own scale of scores.
    pub scale: Scale,
}

impl Facts<'_> {
    /// The tables of the first decision: people are the same in those of the others.
    fn first(&self) -> impl Iterator<Item = &LawTable> {
        let name = self.tables.first().map(|table| table.classification.as_str());
        self.tables[..self.pooled].iter().filter(move |table| Some(table.classification.as_str()) == name)
    }

    /// The median, and who equals it.
    pub fn median_told(&self) -> Option<String> {
        let median = self.median?;
        let ties = match median.tied {
            0 => "no score equals it".to_owned(),
            1 => "1 score equals it and counts as not above".to_owned(),
            more => format!("{} scores equal it and count as not above", count(more)),
        };
        let value = plain(self.scale.to_score(median.value));
        Some(format!("Median of all {} scores, those of people of unknown category among them: {value}; {ties}.", count(self.rows)))
    }

    /// How many people the data holds and where each of them stands: sums that a reader can check.
    pub fn people_told(&self) -> Vec<String> {
        let all = self.rows + self.unscored;
        let of = if self.decisions { "decision" } else { "score" };
        let mut said = vec![if self.unscored > 0 {
            format!(
                "Number of people in the data: {}, of whom {} have a {of} and are counted, and {} have none and are counted nowhere.",
                count(all),
                count(self.rows),
                count(self.unscored)
            )
        } else {
            format!("Number of people in the data: {}.", count(all))
        }];
        for table in self.first() {
            let groups = &table.selections.groups;
            let of = |left: bool| groups.iter().filter(|group| group.left_out.is_some() == left).map(|group| group.n).sum::<usize>();
            let mut parts = vec![format!("{} in the categories that are compared", count(of(false)))];
            if self.details.exclude.is_some() {
                parts.push(format!("{} in small categories that are left out", count(of(true))));
            } else if of(true) > 0 {
                parts.push(format!("{} in categories that are not compared", count(of(true))));
            }
            parts.push(format!("{} in an unknown category, who stand in no row of the table", count(table.selections.unknown)));
            said.push(format!("{}: {} people = {}.", table.title, count(self.rows), parts.join(" + ")));
        }
        for (by, unknown) in self.strata.iter().filter(|(_, unknown)| *unknown > 0) {
            said.push(format!("{} people have no {by} and are in the tables of all people alone.", count(*unknown)));
        }
        said
    }

    /// That test data took the place of historical data.
    pub fn test_data_told(&self) -> Option<String> {
        let how = self.details.particulars.test_data.as_ref()?;
        Some(format!("Test data was used in the place of historical data: {how}{}", if how.ends_with('.') { "" } else { "." }))
    }

    /// Which categories are left out, and why.
    pub fn left_out_told(&self) -> Option<String> {
        let exclude = self.details.exclude.as_ref()?;
        let mut named = Vec::new();
        for table in self.first() {
            named.extend(
                table
                    .selections
                    .groups
                    .iter()
                    .filter(|group| group.left_out.is_some())
                    .map(|group| format!("{} ({} people)", group.group, count(group.n))),
            );
        }
        let share = crate::numbers::percent(exclude.below);
        Some(if named.is_empty() {
            format!("Categories with less than {share} of the people would have been left out; there are none.")
        } else {
            let among = match self.details.comparator.unwrap_or_default() {
                Comparator::AfterExclusion => "among the others",
                Comparator::BeforeExclusion => "among all, those left out as well",
            };
            format!(
                "Left out, with less than {share} of the people: {}. Reason: {}{} The highest rate is that {among}.",
                named.join(", "),
                exclude.reason,
                if exclude.reason.ends_with('.') { "" } else { "." }
            )
        })
    }

    /// Categories of the rule of which there are no people.
    pub fn absent_told(&self) -> Option<String> {
        if self.vocabulary != Vocabulary::Eeo1 {
            return None;
        }
        let mut absent: Vec<&str> = Vec::new();
        for (attribute, known) in [("sex", &SEXES[..2]), ("race", &RACES[..])] {
            let Some(table) = self.first().find(|table| table.attribute == attribute) else { continue };
            absent.extend(known.iter().filter(|category| !table.selections.groups.iter().any(|group| group.group == **category)));
        }
        (!absent.is_empty()).then(|| format!("No people of these categories are in the data: {}.", absent.join(", ")))
    }

    /// Tables that count different people: somebody's sex may be known and their race not.
    pub fn marginals_told(&self) -> Option<String> {
        let totals: Vec<(String, usize, usize)> =
            self.first().map(|table| (table.title.clone(), table.selections.n, table.selections.selected)).collect();
        let alike = totals.windows(2).all(|pair| pair[0].1 == pair[1].1 && pair[0].2 == pair[1].2);
        let word = self.counted.word();
        let told: Vec<String> =
            totals.iter().map(|(title, n, counted)| format!("{title}: {} people, {} {word}", count(*n), count(*counted))).collect();
        (!alike && self.vocabulary == Vocabulary::Eeo1)
            .then(|| format!("The tables do not add up to the same people, as their unknown people differ: {}.", told.join("; ")))
    }

    /// Categories of so few people that their rates say little, the highest of a table above all.
    pub fn few_told(&self) -> Vec<String> {
        let mut said = Vec::new();
        for table in self.first() {
            let few = |group: &&GroupSelection| group.left_out.is_none() && group.n < evenhand_report::FEW_PEOPLE;
            let few: Vec<&GroupSelection> = table.selections.groups.iter().filter(few).collect();
            if few.is_empty() {
                continue;
            }
            let named: Vec<String> = few.iter().map(|group| format!("{} ({})", group.group, count(group.n))).collect();
            let mut sentence = format!(
                "{}: fewer than {} people are in {}; the intervals beside their numbers say how little so few can tell.",
                table.title,
                evenhand_report::FEW_PEOPLE,
                named.join(", ")
            );
            if let Some(highest) = few.iter().find(|group| table.selections.highest.contains(&group.group)) {
                let _ = write!(sentence, " All other ratios of the table are held against the rate of {}.", highest.group);
            }
            said.push(sentence);
        }
        said
    }

    /// That nobody said from when to when the data is.
    pub fn period_told(&self) -> Option<String> {
        self.details.particulars.data_period.is_none().then(|| {
            "No `data_period` was told: the summary leaves a field open for the first and last day of the data, which is still to be filled in.".to_owned()
        })
    }

    /// Categories that tie for the highest rate.
    pub fn ties_told(&self) -> Vec<String> {
        let tied = self.tables.iter().filter(|table| table.selections.highest.len() > 1);
        tied.map(|table| {
            let of = if table.classification.is_empty() { String::new() } else { format!(" ({})", table.classification) };
            format!(
                "{}{of}: {} have the same highest rate; each has an impact ratio of 1.",
                table.title,
                table.selections.highest.join(" and ")
            )
        })
        .collect()
    }

    /// Groups of a table whose rate is below four fifths of the highest, in integers.
    pub fn below_four_fifths(&self, table: &LawTable) -> Vec<String> {
        let below = |ratio: [u64; 2]| 5 * u128::from(ratio[0]) < 4 * u128::from(ratio[1]);
        let groups = table.selections.groups.iter().filter(|group| group.left_out.is_none());
        groups.filter(|group| group.exact_ratio.is_some_and(below)).map(|group| group.group.clone()).collect()
    }
}
