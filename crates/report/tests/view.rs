//! The tables that a terminal shows.

use evenhand_catalog::{Card, Direction, Kind};
use evenhand_metrics::Estimate;
use evenhand_report::MethodChoice;
use evenhand_report::html::render;
use evenhand_report::views::tables::{group_tables, limits_table, method_table, tilt_table};
use evenhand_report::views::{Table, listing, making};

use crate::sample;

fn is_rectangular(table: &Table) {
    assert_eq!(table.headers.len(), table.right_aligned.len(), "{}", table.title);
    for row in &table.rows {
        assert_eq!(row.len(), table.headers.len(), "{}", table.title);
    }
}

#[test]
fn every_table_is_rectangular() {
    for report in [sample::comparison(false), sample::audit(), sample::sweep(), sample::single(), sample::extremes()] {
        is_rectangular(&method_table(&report));
        is_rectangular(&tilt_table(&report));
        is_rectangular(&limits_table(&report));
        group_tables(&report).iter().for_each(is_rectangular);
    }
    for report in [sample::ranking(1, 2), sample::ranking(30, 14), sample::balancing(3)] {
        listing::tables(&report).iter().chain(&making::tables(&report, &[])).for_each(is_rectangular);
    }
}

#[test]
fn a_ranking_says_what_is_better_what_it_rests_on_and_why_a_number_is_missing() {
    let tables = listing::tables(&sample::ranking(30, 3));
    let titles: Vec<&str> = tables.iter().map(|table| table.title.as_str()).collect();
    assert_eq!(titles, ["shortlists of 10", "origin in the lists: places", "origin in the lists: ranks and exposure"]);
    let table = &tables[0];
    assert_eq!(table.headers, ["metric", "direction", "by score", "re-ranked", "drawn by lot"]);
    let lots: Vec<(&str, &str)> =
        table.rows.iter().map(|row| (row[0].as_str(), row[4].as_str())).filter(|(_, lot)| !lot.is_empty()).collect();
    assert_eq!(lots, [("NDKL", "0.300"), ("Infeasible index", "4.000")]);
    let pointing: Vec<(&str, &str)> = table.rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert!(pointing.contains(&("NDCG against the original ranking", "higher is better")));
    for metric in ["NDKL", "Skew", "MinSkew", "Infeasible index"] {
        assert!(pointing.contains(&(metric, "0 at parity")), "{pointing:?}");
    }
    assert!(pointing.contains(&("Impact ratio at k", "1 at parity")));
    let notes = &table.footnotes;
    assert!(
        notes[0].ends_with(
            "in 4.5 places of a list on average, the candidates down to there include fewer of a group than its wanted share asks for; in 1 \
             of 30 lists a group had no candidate left to put there."
        ),
        "{notes:?}"
    );
    assert!(notes[1].starts_with("Skew, by score: nobody of a group") && notes[1].contains("29 of 30 jobs"), "{notes:?}");
    assert!(notes[2].starts_with("MinSkew, by score: nobody of a group"), "{notes:?}");
    assert_eq!(
        notes[3],
        "Intervals: 95 %, from drawing jobs with replacement; n = 30 jobs, for some numbers fewer (at least 15): a gap counts the jobs with \
         candidates of both groups."
    );
    assert!(
        notes[4].starts_with("Drawn by lot: the mean of 200 lists of the same pools in random order, which is what chance gives."),
        "{notes:?}"
    );
}

#[test]
fn one_list_is_no_job_and_has_no_interval() {
    let notes = listing::tables(&sample::ranking(1, 2)).remove(0).footnotes;
    assert!(notes[0].contains("in 4.5 places, the candidates down to there") && !notes[0].contains("average"), "{notes:?}");
    assert_eq!(notes[1], "Skew and MinSkew, by score: nobody of a group with a wanted share among the first k: infinite in the list.");
    assert_eq!(notes[2], "One list: intervals come from drawing jobs with replacement, so there are none.");
}

#[test]
fn lists_of_several_methods_say_which_way_their_numbers_point() {
    let mut report = sample::ranking(30, 3);
    report.methods.push(report.methods[0].clone());
    let table = listing::tables(&report).remove(0);
    assert!(table.headers.contains(&"Impact ratio at k\nby score".to_owned()), "{:?}", table.headers);
    assert!(table.headers.contains(&"NDKL\nre-ranked".to_owned()), "{:?}", table.headers);
    let notes = &table.footnotes;
    assert!(notes.contains(&"Re-ranked by det-greedy.".to_owned()) && !table.headers.contains(&"re-ranker".to_owned()), "{notes:?}");
    let directions = "NDCG against the original ranking: higher is better; NDKL: 0 at parity; Impact ratio at k: 1 at parity.";
    assert!(notes.iter().any(|note| note == directions), "{notes:?}");
    let lot = table.headers.iter().position(|header| header == "NDKL\ndrawn by lot").expect("NDKL has lots");
    assert_eq!(table.rows[0][lot], "0.300");
    assert!(table.headers.iter().flat_map(|header| header.lines()).all(|line| line.chars().count() <= 19), "{:?}", table.headers);
}

#[test]
fn what_few_rows_judged_is_marked_and_its_words_are_explained() {
    let learner = Card {
        id: "boosting",
        name: "Boosted trees",
        kind: Kind::Objective,
        summary: "Trees, one after another. Each mends the last.",
        formula: "",
        fair_value: None,
        range: "",
        direction: Direction::Describes,
        source: "",
        parameters: &[],
    };
    let table = making::tables(&sample::balancing(2), &[Box::leak(Box::new(learner))]).pop().unwrap();
    let counts: Vec<&str> = table.rows.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(counts, ["96", "6 *", "31", "96", "6 *", "31"]);
    let told = |start: &str| table.footnotes.iter().filter(|note| note.starts_with(start)).count();
    for start in ["* Judged on fewer than 30 rows", "Each learner was fitted once", "boosting: ", "ROC AUC: ", "F1: "] {
        assert_eq!(told(start), 1, "{start}: {:?}", table.footnotes);
    }
    assert!(table.footnotes.contains(&"boosting: Trees, one after another.".to_owned()), "the beginning of the card's summary");
}

#[test]
fn rows_held_out_by_job_say_nothing_of_rows_learned_by_heart() {
    let told = |other_jobs: bool| {
        let mut report = sample::balancing(2);
        report.methods[0].runs[0].synthesis.as_mut().unwrap().other_jobs = other_jobs;
        making::tables(&report, &[]).remove(2).footnotes.concat()
    };
    assert!(told(false).contains("Well above that, rows were learned by heart."), "{}", told(false));
    assert!(told(true).contains("The rows held out are of other jobs") && !told(true).contains("Well above"), "{}", told(true));
}

#[test]
fn the_method_table_gives_mean_spread_and_the_best_of_a_column() {
    let table = method_table(&sample::comparison(true));
    assert_eq!(table.headers[..3], ["method", "SRCC", "PCC"]);
    assert_eq!(table.rows.len(), 7);
    let spdd = table.headers.iter().position(|header| header == "SPDD\ngender").expect("the column exists");
    let marked: Vec<&str> = table.rows.iter().filter(|row| row[spdd].starts_with('◆')).map(|row| row[0].as_str()).collect();
    assert_eq!(marked, ["Wasserstein + adversary"]);
    assert!(table.footnotes.iter().any(|note| note == "MAE of the best constant prediction: 0.151."));
}

#[test]
fn the_group_tables_show_sizes_intervals_and_what_is_undefined() {
    let tables = group_tables(&sample::audit());
    let origin = tables.iter().find(|table| table.title == "origin: groups").expect("the table exists");
    assert_eq!(origin.headers, ["group", "n", "Selection rate", "True-positive rate"]);
    assert_eq!(origin.rows[5][..2], ["Oceania", "3"]);
    assert_eq!(origin.rows[5][3], "undefined [1] (n = 1)");
    assert_eq!(origin.footnotes[0], "[1] the group has no row with a positive label");
    assert_eq!(origin.footnotes[1], "17 rows of unknown group: counted here, left out of every gap.");
    let gaps = tables.iter().find(|table| table.title == "origin: gaps between groups").expect("the table exists");
    assert_eq!(gaps.rows[0][2], "Asia and North America");
}

#[test]
fn a_breached_limit_is_named() {
    let table = limits_table(&sample::comparison(true));
    let outcome = table.headers.iter().position(|header| header == "outcome").expect("the column exists");
    assert_eq!(table.rows[0][outcome], "within the limit");
    assert_eq!(table.rows[1][outcome], "limit breached");
}

#[test]
fn lots_without_a_number_say_why() {
    let mut report = sample::ranking(1, 2);
    let lists = report.methods[0].runs[0].shortlists.as_mut().unwrap();
    let reason = "nobody of a group with a wanted share among the first k: infinite in 199 of 200 jobs, and so is the mean; in the one other \
                  job that has the number it is 0.5000";
    lists.by_lot[0].estimate = Estimate::undefined(reason);
    let table = listing::tables(&report).remove(0);
    assert!(table.rows.iter().any(|row| row[0] == "NDKL" && row[4] == "undefined"), "{:?}", table.rows);
    let told = "NDKL, drawn by lot: nobody of a group with a wanted share among the first k: infinite in 199 of 200 lists, and so is the \
                mean; in the one other list that has the number it is 0.5000.";
    assert!(table.footnotes.iter().any(|note| note == told), "{:?}", table.footnotes);
}

#[test]
fn lists_of_one_group_are_told() {
    let mut report = sample::ranking(30, 3);
    let told = |report: &evenhand_report::Report| listing::tables(report).remove(0).footnotes.remove(0);
    assert!(!told(&report).contains("of one group"));
    report.methods[0].runs[0].shortlists.as_mut().unwrap().of_one_group = 4;
    assert!(
        told(&report).contains("by origin. In 4 of the lists all candidates are of one group, which counts as even. Re-ranked"),
        "{}",
        told(&report)
    );
}

#[test]
fn the_summary_compares_what_shares_its_test_rows() {
    let sampled = Some(MethodChoice { id: "rejection-sampling".to_owned(), parameters: [].into() });
    let summary = |of: &[bool]| {
        let mut report = sample::comparison(false);
        report.methods.truncate(of.len());
        for (method, &sampled_too) in report.methods.iter_mut().zip(of) {
            method.sample = sampled.clone().filter(|_| sampled_too);
        }
        let page = render(&report, &[]).unwrap();
        let names: Vec<String> = report.methods.iter().map(|method| method.name.clone()).collect();
        let start = page.find("id=\"summary\"").unwrap();
        (page[start..start + page[start..].find("</section>").unwrap()].to_owned(), names)
    };
    let (page, _) = summary(&[false, false, false]);
    assert!(page.contains("of the 3 compared"), "{page}");
    let (page, names) = summary(&[false, true, true]);
    assert!(
        page.contains(&format!("for <bdi>{}</bdi>", names[0])) && page.contains("; alone on its test rows") && !page.contains("smallest"),
        "{page}"
    );
    let (page, _) = summary(&[false, false, true]);
    assert!(page.contains("of the 2 on the same test rows"), "{page}");
}
