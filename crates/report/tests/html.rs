//! The page: whole, escaped, offline, the same bytes each time.

use evenhand_metrics::Estimate;
use evenhand_report::html::{pictures, render, summary};
use evenhand_report::views::measures::csv;
use evenhand_report::views::{latex, markdown};
use evenhand_report::{DisparityTrace, Importance, Importances, Report, RunReport};

use crate::{audited, every, sample};

fn page(report: &Report) -> String {
    render(report, &[]).expect("a page is made of every report")
}

/// Headings of the sections in order.
fn sections(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).map(|rest| rest.split("</h2>").next().unwrap_or_default()).collect()
}

#[test]
fn a_comparison_has_every_section_and_an_audit_none_that_is_empty() {
    assert_eq!(
        sections(&page(&sample::comparison(true))),
        [
            "Limits",
            "Results",
            "Performance and fairness",
            "Group by group",
            "Notes",
            "Embeddings",
            "Training",
            "Whose rows pull at the weights",
            "Data",
            "What the metrics mean",
            "Recipe and provenance"
        ]
    );
    assert_eq!(
        sections(&page(&sample::audit())),
        [
            "Limits",
            "Results",
            "Group by group",
            "Notes",
            "Not estimable",
            "Data",
            "What the metrics mean",
            "Particulars",
            "Recipe and provenance"
        ]
    );
}

#[test]
fn texts_of_the_user_cannot_break_out_of_the_page() {
    let page = page(&sample::extremes());
    assert!(!page.contains("<script>alert"), "a group or a title became markup");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("<script").count(), 1, "only the page's own script");
    assert_eq!(page.matches("</title>").count(), page.matches("<title>").count());
    assert!(!page.contains("a long name <b>"));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    for report in every() {
        // A name of the hostile sample, escaped.
        let page = page(&report).replace("&lt;img src=x", "");
        for forbidden in ["http://", "https://", "src=", "url(", "@import", "<link", "<img", "<iframe", "file:"] {
            assert!(!page.contains(forbidden), "{}: the page holds `{forbidden}`", report.title);
        }
    }
}

/// The content security policy lets the page's own style and script act and nothing else: their digests are those of the texts as they stand.
#[test]
fn only_the_pages_own_script_may_run() {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for report in [audited::audit(), audited::hostile(), sample::comparison(true)] {
        for (page, scripts) in [(page(&report), 1), (summary(&report).unwrap(), 0)] {
            let policy = page.split("Content-Security-Policy\" content=\"").nth(1).unwrap().split('"').next().unwrap();
            assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
            assert!(page.find("Content-Security-Policy").unwrap() < page.find("<style>").unwrap());
            assert!(!page.contains(" style="), "no style but the page's own applies");
            for (tag, expected) in [("script", scripts), ("style", 1)] {
                let open = format!("<{tag}>");
                let parts: Vec<&str> =
                    page.match_indices(&open).map(|(at, _)| page[at + open.len()..].split(&format!("</{tag}>")).next().unwrap()).collect();
                assert_eq!(parts.len(), expected, "{tag}");
                for part in parts {
                    let hexadecimal = evenhand_rows::digest::of_bytes(part.as_bytes());
                    let bytes: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&hexadecimal[2 * at..2 * at + 2], 16).unwrap()).collect();
                    // In base64.
                    let digits: String = bytes
                        .chunks(3)
                        .flat_map(|three| {
                            let word = (0..3).fold(0_u32, |word, at| word << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
                            (0..=three.len()).map(move |at| char::from(DIGITS[(word >> (18 - 6 * at) & 63) as usize]))
                        })
                        .collect();
                    assert!(policy.contains(&format!("{tag}-src 'sha256-{digits}=';")), "{policy} {digits}");
                }
            }
        }
    }
}

#[test]
fn an_audit_of_twelve_jobs_and_fourteen_groups_stays_small() {
    for report in [audited::audit(), audited::law()] {
        let page = page(&report);
        assert!(page.len() <= 250_000, "{}: {} bytes", report.title, page.len());
        assert_eq!(
            page.matches("<figcaption><strong>Scores</strong>").count(),
            report.methods[0].runs[0].attributes.len(),
            "densities once"
        );
    }
}

#[test]
fn names_of_one_number_stand_in_one_row() {
    let page = page(&audited::audit());
    assert_eq!(
        page.matches("Demographic parity ratio<small>also: Disparate impact</small><small>also: Folded disparate impact</small>").count(),
        3
    );
    assert_eq!(page.matches("th scope=\"row\" class=\"short\">Disparate impact").count(), 0);
}

#[test]
fn decisions_are_drawn_and_named_as_decisions() {
    let report = audited::decisions();
    let page = page(&report);
    let groups = page.split("id=\"groups\"").nth(1).and_then(|rest| rest.split("</section>").next()).unwrap();
    assert!(groups.contains("Selection rate") && !groups.contains("Mean score"), "{groups}");
    assert!(!groups.contains("<figure>"), "no humps between 0 and 1, and no threshold");
    assert!(self::page(&audited::audit()).contains("Selection rate by threshold"));
}

#[test]
fn an_audit_shows_selections_tests_strata_and_standings() {
    let page = page(&audited::audit());
    let section = |id: &str| {
        let start = page.find(&format!("<section id=\"{id}\">")).unwrap_or_else(|| panic!("no section {id}"));
        page[start..].split("</section>").next().unwrap()
    };
    for words in [
        "Fisher, Holm",
        "standard deviations",
        "odds ratio",
        "to four fifths of the highest",
        "smallest gap",
        "&lt; .001",
        "least and largest over the unknown",
    ] {
        assert!(section("selections").contains(words), "{words}");
    }
    for words in ["Mantel-Haenszel odds ratio", "Software engineer", "which the pooled 0.87 hides", "no stratum has both groups", "0.58 ▼"]
    {
        assert!(section("strata").contains(words), "{words}");
    }
    for words in ["kept by the whole interval", "breached by the whole interval", "not settled by these rows"] {
        assert!(section("limits").contains(words), "{words}");
    }
    for words in ["by lot", "bias-corrected", "permutation"] {
        assert!(section("groups").contains(words), "{words}");
    }
    assert!(section("particulars").contains("Harbour &amp; Finch Assurance"));
    let order: Vec<usize> = ["summary", "limits", "selections", "strata", "methods", "groups", "data"]
        .iter()
        .map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap())
        .collect();
    assert!(order.is_sorted(), "results come before counts");
    let law = self::page(&audited::law());
    assert!(law.contains("The audit is older than one year on 2027-08-14"), "working papers");
}

#[test]
fn methods_that_read_the_group_at_the_decision_are_told_on_the_first_screen() {
    let told = |report: &Report| page(report).split("</section>").next().unwrap().contains("42 U.S.C. 2000e-2(l)");
    assert!(told(&sample::ranking(30, 3)) && !told(&audited::audit()));
}

#[test]
fn marks_that_turn_a_text_round_are_shown() {
    let page = page(&audited::hostile());
    for mark in ['\u{202e}', '\u{2066}', '\u{2067}', '\u{200f}', '\u{7}', '\u{1b}'] {
        assert!(!page.contains(mark), "{mark:?}");
    }
    assert!(page.contains("[U+202E]nemow") && page.contains("&lt;script&gt;alert(1)"));
}

#[test]
fn the_same_report_gives_the_same_page() {
    for report in every() {
        assert!(page(&report) == page(&report), "{}: two pages differ", report.title);
    }
}

#[test]
fn no_number_on_the_page_is_a_failed_one() {
    for report in every() {
        let page = page(&report);
        for broken in [">NaN", "\"NaN", " NaN", "inf ", "\"inf", "-0.000"] {
            assert!(!page.contains(broken), "{}: the page holds `{broken}`", report.title);
        }
    }
}

#[test]
fn tags_are_balanced() {
    for report in every() {
        let page = page(&report);
        for tag in ["table", "tr", "td", "th", "section", "figure", "svg", "details", "ul", "ol", "p", "div", "g", "text"] {
            let opened = page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{}: <{tag}>", report.title);
        }
    }
}

#[test]
fn undefined_stands_with_its_reason_once() {
    let page = page(&sample::audit());
    let listed = page.split("id=\"undefined\"").nth(1).expect("the section exists");
    assert_eq!(listed.matches("no row of one group was selected").count(), 1);
    assert!(listed.contains("the group has no row with a positive label"));
}

#[test]
fn wording_states_numbers_and_passes_no_judgement() {
    for report in every() {
        let page = page(&report).to_lowercase();
        for judgement in ["unbiased", "debias", "is fair", "passed"] {
            assert!(!page.contains(judgement), "{}: the page says `{judgement}`", report.title);
        }
    }
    assert!(page(&sample::audit()).contains("SPDD for <bdi>gender</bdi> is "));
}

#[test]
fn published_values_stand_beside_ours() {
    let page = page(&sample::comparison(false));
    assert!(page.contains("published 0.755 (0.001)"));
    assert!(page.contains("published, tied to ours"));
}

#[test]
fn a_single_method_has_a_row_for_each_metric() {
    let page = page(&sample::audit());
    let results = page.split("id=\"methods\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the section exists");
    assert!(results.contains(">metric</th>"));
    assert!(results.contains(">origin<small>between groups</small>"));
    assert!(!results.contains("class=\"best\""), "one method has no rival");
}

#[test]
fn a_gap_that_leaves_a_group_out_says_so() {
    let page = page(&sample::audit());
    assert!(
        page.contains(
            "Oceania: fewer rows than the minimum group size (5) (SPDD, largest gap, DP difference, Equal opportunity difference)"
        )
    );
    assert!(page.contains("17 rows of unknown group, left out of every gap."));
}

#[test]
fn the_metrics_that_occur_are_explained_and_no_others() {
    let explained = |report: &Report| -> Vec<String> {
        let page = page(report);
        let section = page.split("id=\"metrics\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the section exists");
        section.split("<dt>").skip(1).map(|rest| rest.split("</dt>").next().unwrap_or_default().to_owned()).collect()
    };
    let ranking = sample::ranking(30, 3);
    let names = explained(&ranking);
    for name in ["NDKL", "Skew", "MinSkew", "Impact ratio at k", "Share at k", "Average rank"] {
        assert_eq!(names.iter().filter(|known| *known == name).count(), 1, "{name}: {names:?}");
    }
    assert!(!page(&ranking).contains("SPDD"), "it stands nowhere on the page");
    assert!(explained(&sample::audit()).contains(&"SPDD".to_owned()));
}

#[test]
fn a_number_that_every_group_lacks_is_one_place() {
    let mut report = sample::ranking(30, 14);
    report.data.label = sample::audit().data.label;
    assert!(report.data.label.is_some());
    for group in &mut report.data.attributes[0].groups {
        group.positive_rate = Estimate::undefined("the data has no label");
        group.mean_label = Estimate::undefined("the data has no label");
    }
    let page = page(&report);
    let listed = page.split("id=\"undefined\"").nth(1).and_then(|rest| rest.split("</section>").next()).expect("the section exists");
    assert!(
        listed.contains(
            "the data has no label</th><td class=\"number\">28</td><td>data: share of positive labels of origin (14 groups); data: mean \
             label of origin (14 groups)</td>"
        ),
        "{listed}"
    );
}

#[test]
fn notes_beyond_the_first_are_folded() {
    let page = page(&sample::balancing(14));
    let noted = page.split("class=\"must-read\"").nth(1).and_then(|rest| rest.split("</div>").next()).expect("there are notes");
    let (open, folded) = noted.split_once("<details><summary>11 more notes</summary>").expect("the others are folded");
    assert_eq!((open.matches("<li>").count(), folded.matches("<li>").count()), (5, 11));
}

#[test]
fn the_share_of_positive_labels_is_not_told_twice() {
    let binary = page(&sample::comparison(false));
    assert!(binary.contains(">positive labels</th>") && !binary.contains(">mean label</th>"));
    assert!(page(&sample::comparison(true)).contains(">mean label</th>"));
}

#[test]
fn names_of_tilted_groups_are_whole_or_on_two_lines_with_a_tooltip() {
    let page = page(&sample::balancing(2));
    let name = "group with a long name, number 1";
    assert!(page.contains(&format!("<title>{name}</title>")));
    assert!(page.contains(">group with a long name,</text>") && page.contains(">number 1</text>"));
}

/// Changes a report into one that lacks something.
type Change = fn(&mut Report);

#[test]
fn a_report_that_lacks_something_still_makes_a_page() {
    let changes: [(&str, Change); 13] = [
        ("no group selected", |report| {
            for one in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
                one.selections.iter_mut().for_each(|selections| selections.groups.clear());
                one.strata.iter_mut().for_each(|strata| strata.strata.clear());
            }
        }),
        ("no ratio", |report| {
            for one in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
                let strata = one.strata.iter_mut().flat_map(|strata| &mut strata.strata).map(|stratum| &mut stratum.selections);
                for selections in one.selections.iter_mut().chain(strata) {
                    selections.highest.clear();
                    for group in &mut selections.groups {
                        group.rate = Estimate::undefined("the group has no row");
                        group.impact_ratio = Estimate::undefined("nobody is selected");
                        group.difference = Estimate::undefined("nobody is selected");
                        group.tests = None;
                    }
                }
            }
        }),
        ("no interval", |report| {
            for one in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
                for group in one.selections.iter_mut().flat_map(|selections| &mut selections.groups) {
                    for estimate in [&mut group.rate, &mut group.impact_ratio, &mut group.difference] {
                        *estimate = estimate.number().map_or_else(|| estimate.clone(), Estimate::value);
                    }
                }
            }
        }),
        ("no method", |report| report.methods.clear()),
        ("no run", |report| report.methods.iter_mut().for_each(|method| method.runs.clear())),
        ("no summary", |report| report.methods.iter_mut().for_each(|method| method.summary.clear())),
        ("no column", |report| report.columns.clear()),
        ("no attribute in the data", |report| report.data.attributes.clear()),
        ("no label", |report| report.data.label = None),
        ("no recipe", |report| report.recipe = serde_json::Value::Null),
        ("one epoch", |report| report.methods.iter_mut().flat_map(|method| &mut method.runs).for_each(|run| run.epochs.truncate(1))),
        ("one point of every curve", |report| {
            for findings in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
                for density in &mut findings.densities {
                    density.points.truncate(1);
                    density.values.truncate(1);
                }
                if let Some(rates) = &mut findings.pass_rates {
                    rates.thresholds.truncate(1);
                    rates.groups.iter_mut().for_each(|group| group.rates.truncate(1));
                }
            }
        }),
        ("no point of any curve", |report| {
            for findings in report.methods.iter_mut().flat_map(|method| &mut method.runs).flat_map(|run| &mut run.attributes) {
                for density in &mut findings.densities {
                    density.points.clear();
                    density.values.clear();
                }
                if let Some(rates) = &mut findings.pass_rates {
                    rates.thresholds.clear();
                    rates.pair = None;
                    rates.groups.iter_mut().for_each(|group| group.rates.clear());
                }
            }
        }),
    ];
    for mut report in every() {
        for (what, change) in changes {
            let mut changed = report.clone();
            change(&mut changed);
            let page = page(&changed);
            assert!(!page.contains("NaN"), "{}, {what}: a number failed", report.title);
            let texts = [summary(&changed).unwrap(), markdown(&changed), latex(&changed)];
            assert!(!texts.iter().any(|text| text.contains("NaN")), "{}, {what}: a number failed", report.title);
            if changed.methods.len() < 10 {
                pictures(&changed);
            }
            csv(&changed).unwrap();
        }
        report.methods.truncate(1);
        page(&report);
    }
}

#[test]
fn a_comparison_of_some_methods_is_tested_against_one_that_is_there() {
    let mut report = sample::comparison(true);
    report.reference = Some("left out".to_owned());
    let page = page(&report);
    assert!(page.contains("Differences from vanilla"));
    assert!(!page.contains("Differences from left out") && !page.contains("not tested"));
}

#[test]
fn differences_are_told_from_the_method_that_the_report_names() {
    let mut report = sample::comparison(true);
    let last = report.methods.last().unwrap().name.clone();
    report.reference = Some(last.clone());
    assert!(page(&report).contains(&format!("Differences from {last}")));
}

#[test]
fn pulls_at_the_end_are_those_of_each_run_s_own_last_epoch() {
    let mut report = sample::single();
    // Three runs of 2, 3 and 3 epochs that end at ratios 4, 1 and 2: their geometric mean is 2. The second array ends at 0 in one run.
    let trace = |array: &str, median: &[f64]| DisparityTrace {
        favourable: true,
        groups: ["a".to_owned(), "b".to_owned()],
        array: array.to_owned(),
        epochs: (1..=median.len()).collect(),
        score: vec![None; median.len()],
        median: median.iter().copied().map(Some).collect(),
    };
    let mut undefined = trace("hidden.1.bias", &[3.0, 3.0]);
    undefined.median[1] = None;
    let run = report.methods[0].runs[0].clone();
    report.methods[0].runs = [
        vec![trace("all", &[8.0, 4.0]), trace("hidden.0.bias", &[1.0, 0.0]), undefined],
        vec![trace("all", &[8.0, 7.0, 1.0]), trace("hidden.0.bias", &[1.0, 2.0, 3.0]), trace("hidden.1.bias", &[3.0, 3.0, 5.0])],
        vec![trace("all", &[8.0, 7.0, 2.0]), trace("hidden.0.bias", &[1.0, 2.0, 3.0]), trace("hidden.1.bias", &[3.0, 3.0, 5.0])],
    ]
    .into_iter()
    .enumerate()
    .map(|(seed, disparities)| RunReport { seed: seed as u64, disparities, ..run.clone() })
    .collect();
    let page = page(&report);
    let section = page.split("id=\"disparity\"").nth(1).unwrap().split("</section>").next().unwrap();
    let table = section.split("after each run").nth(1).expect("the table exists");
    let cells: Vec<String> = table.split("<td").skip(1).map(|cell| cell.split("</td>").next().unwrap().to_owned()).collect();
    assert!(cells.iter().any(|cell| cell.contains("2.00")), "{cells:?}");
    assert!(cells.iter().any(|cell| cell.contains("0.00")), "{cells:?}");
    assert!(cells.iter().any(|cell| cell.contains("5.00") && cell.contains("2 of 3 runs")), "{cells:?}");
    assert!(section.contains("from epoch 3 on fewer than the 3 seeds, at least 2"), "{section}");
}

#[test]
fn an_importance_that_could_not_be_measured_is_told_with_its_reason() {
    let mut report = sample::single();
    let input = |name: &str, importance: Estimate| Importance {
        input: name.to_owned(),
        importance,
        std: None,
        gap_change: None,
        association: Some(0.1),
        sensitive: false,
    };
    report.methods[0].runs[0].importances = Some(Importances {
        performance: "roc-auc".to_owned(),
        gap: "spdd".to_owned(),
        attribute: "gender".to_owned(),
        repeats: 3,
        inputs: vec![input("years", Estimate::value(0.25)), input("tests", Estimate::undefined("all labels are equal"))],
    });
    let page = page(&report);
    let section = page.split("id=\"dependence\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(section.contains(">undefined<") && section.contains("Undefined: all labels are equal."), "{section}");
    assert!(section.contains(">0.250<"), "{section}");
}
