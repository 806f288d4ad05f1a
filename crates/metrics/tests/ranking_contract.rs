//! What every ranking metric of the registry promises.

use std::collections::BTreeSet;
use std::path::Path;

use evenhand_catalog::{Direction, Kind};
use evenhand_metrics::{Estimate, Finding, IntervalPlan, RANKING_METRICS, RankingMetric, RankingNeeds, Rankings, metrics, ranking};
use evenhand_rows::{Groups, UNKNOWN};

/// Jobs of 12 to 20 candidates of three groups, some unknown, with everything a metric may read.
#[derive(Clone)]
struct Lists {
    sizes: Vec<usize>,
    codes: Vec<u32>,
    scores: Vec<f64>,
    labels: Vec<f64>,
    original: Vec<u32>,
    wanted: Vec<f64>,
}

const SHARES: [[f64; 3]; 2] = [[0.5, 0.3, 0.2], [0.25, 0.25, 0.5]];

impl Lists {
    fn new(jobs: usize) -> Self {
        let mut lists = Lists { sizes: Vec::new(), codes: vec![], scores: vec![], labels: vec![], original: vec![], wanted: vec![] };
        for job in 0..jobs {
            let size = [13, 17, 19][job % 3];
            lists.sizes.push(size);
            lists.wanted.extend(SHARES[job % 2]);
            for place in 0..size {
                lists.codes.push([0, 1, 2, 0, 1, UNKNOWN, 0][(place * 5 + job * 3) % 7]);
                lists.scores.push((place * 7 + job) as f64 % 11.0 / 11.0);
                lists.labels.push(f64::from(((place * 3 + job * 5) % 4) as u32));
                lists.original.push((place * 4 % size + 1) as u32);
            }
        }
        lists
    }

    fn jobs_in_order(&self, order: &[usize]) -> Self {
        let starts: Vec<usize> = self.sizes.iter().scan(0, |end, size| std::mem::replace(end, *end + size).into()).collect();
        let rows = |job: &usize| starts[*job]..starts[*job] + self.sizes[*job];
        Lists {
            sizes: order.iter().map(|&job| self.sizes[job]).collect(),
            codes: order.iter().flat_map(|job| self.codes[rows(job)].to_vec()).collect(),
            scores: order.iter().flat_map(|job| self.scores[rows(job)].to_vec()).collect(),
            labels: order.iter().flat_map(|job| self.labels[rows(job)].to_vec()).collect(),
            original: order.iter().flat_map(|job| self.original[rows(job)].to_vec()).collect(),
            wanted: order.iter().flat_map(|&job| self.wanted[3 * job..3 * job + 3].to_vec()).collect(),
        }
    }

    fn groups(&self, levels: &[&str]) -> Groups {
        Groups::new("g", levels.iter().map(|level| (*level).to_owned()).collect(), self.codes.clone())
    }

    fn rankings<'a>(&'a self, groups: &'a Groups) -> Rankings<'a> {
        let rankings = Rankings::new(&self.sizes, groups).unwrap().scores(&self.scores).unwrap().labels(&self.labels).unwrap();
        rankings.original(&self.original).unwrap().wanted_by_job(&self.wanted).unwrap()
    }

    fn measure(&self, metric: &dyn RankingMetric, levels: &[&str], k: Option<usize>) -> Finding {
        metric.measure(&self.rankings(&self.groups(levels)), k, None)
    }
}

fn same(id: &str, first: &Estimate, second: &Estimate) {
    match (first.number(), second.number()) {
        (Some(a), Some(b)) => assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0), "{id}: {a} against {b}"),
        (None, None) => {}
        _ => panic!("{id}: {first:?} against {second:?}"),
    }
}

fn same_findings(first: &Finding, second: &Finding) {
    same(&first.metric, &first.estimate, &second.estimate);
    assert_eq!((first.n, first.by_group.len()), (second.n, second.by_group.len()), "{}", first.metric);
    for group in &first.by_group {
        let other = second.by_group.iter().find(|other| other.group == group.group).unwrap();
        same(&first.metric, &group.estimate, &other.estimate);
        assert_eq!(group.n, other.n);
    }
}

const LEVELS: [&str; 3] = ["a", "b", "c"];
const CUTOFFS: [Option<usize>; 3] = [None, Some(8), Some(15)];

fn every() -> impl Iterator<Item = (&'static dyn RankingMetric, Option<usize>)> {
    RANKING_METRICS.iter().flat_map(|metric| CUTOFFS.map(|k| (*metric, k)))
}

#[test]
fn the_file_of_a_ranking_metric_bears_its_id_and_no_other_metric_has_it() {
    let mut files = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/ranking")).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if stem != "mod" {
            let id = stem.replace('_', "-");
            let text = std::fs::read_to_string(&path).unwrap();
            let type_name: String = id.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
            assert!(text.contains(&format!("id: \"{id}\"")) && text.contains(&format!("struct {type_name};")), "{stem}.rs");
            files.insert(id);
        }
    }
    let ids: Vec<String> = RANKING_METRICS.iter().map(|metric| metric.card().id.to_owned()).collect();
    let known: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!((known.len(), &known), (ids.len(), &files));
    assert!(metrics().all(|metric| !known.contains(metric.card().id)));
}

#[test]
fn gaps_of_very_many_groups_are_refused_and_their_means_stand() {
    // Every job has a candidate of each of 1500 groups; all pairs of all jobs and replicates would be 10^10 sums.
    let (jobs, levels) = (20, 1500);
    let names: Vec<String> = (0..levels).map(|level| format!("g{level}")).collect();
    let codes: Vec<u32> = (0..jobs).flat_map(|job| (0..levels as u32).map(move |place| (place * 7 + job) % levels as u32)).collect();
    let groups = Groups::new("g", names, codes.clone());
    let sizes = vec![levels; jobs as usize];
    let plan = IntervalPlan { replicates: 500, ..IntervalPlan::default() };
    let gap = *RANKING_METRICS.iter().find(|metric| metric.card().id == "average-rank-difference").unwrap();
    let finding = gap.measure(&Rankings::new(&sizes, &groups).unwrap().minimum_jobs(1), None, Some(&plan));
    let Estimate::Undefined { undefined: reason } = &finding.estimate else { panic!("{:?}", finding.estimate) };
    assert!(reason.starts_with("a disparity compares every pair of groups and 1500 can enter, more than 50; join groups"), "{reason}");
    assert_eq!((finding.by_group.len(), finding.by_group[0].n), (levels, jobs as usize));
    assert!(finding.by_group.iter().all(|group| group.estimate.number().is_some()));
    // Fifty are compared.
    let few: Vec<u32> = codes.iter().map(|code| code % 50).collect();
    let groups = Groups::new("g", (0..50).map(|level| format!("g{level}")).collect(), few);
    assert!(gap.measure(&Rankings::new(&sizes, &groups).unwrap().minimum_jobs(1), None, None).estimate.number().is_some());
}

#[test]
fn every_card_of_a_ranking_metric_says_what_it_is() {
    for card in RANKING_METRICS.iter().map(|metric| metric.card()) {
        assert_eq!(card.kind, Kind::Metric);
        for text in [card.name, card.summary, card.formula, card.range, card.source] {
            assert!(!text.is_empty(), "{}", card.id);
        }
        assert!(card.direction != Direction::NearFair || card.fair_value.is_some(), "{}", card.id);
        let fair = match card.id {
            id if id.ends_with("-difference") => Some(0.0),
            id if id.ends_with("-ratio") => Some(1.0),
            _ => card.fair_value,
        };
        assert_eq!(card.fair_value, fair, "{}", card.id);
    }
}

#[test]
fn the_lists_here_give_every_metric_its_number() {
    for (metric, k) in every() {
        let finding = Lists::new(12).measure(metric, &LEVELS, k);
        assert!(finding.estimate.number().is_some(), "{finding:?}");
        assert_eq!((finding.n, finding.metric.as_str()), (12, metric.card().id));
        assert!(finding.by_group.iter().all(|group| group.n == 12 && group.estimate.number().is_some()));
    }
}

#[test]
fn the_order_of_jobs_does_not_matter() {
    let lists = Lists::new(12);
    let shuffled = lists.jobs_in_order(&(0..12).map(|job| job * 7 % 12).rev().collect::<Vec<_>>());
    for (metric, k) in every() {
        same_findings(&lists.measure(metric, &LEVELS, k), &shuffled.measure(metric, &LEVELS, k));
    }
}

#[test]
fn jobs_given_twice_change_no_mean() {
    let lists = Lists::new(9);
    let twice = lists.jobs_in_order(&(0..18).map(|job| job % 9).collect::<Vec<_>>());
    for (metric, k) in every() {
        let (one, two) = (lists.measure(metric, &LEVELS, k), twice.measure(metric, &LEVELS, k));
        same(metric.card().id, &one.estimate, &two.estimate);
        assert_eq!(2 * one.n, two.n);
    }
}

#[test]
fn the_names_and_order_of_groups_in_rankings_do_not_matter() {
    let lists = Lists::new(12);
    let mut other = lists.clone();
    other.codes.iter_mut().filter(|code| **code != UNKNOWN).for_each(|code| *code = 2 - *code);
    other.wanted.chunks_exact_mut(3).for_each(<[f64]>::reverse);
    for (metric, k) in every() {
        same_findings(&lists.measure(metric, &LEVELS, k), &other.measure(metric, &["c", "b", "a"], k));
    }
}

#[test]
fn a_group_without_candidates_is_named_and_changes_nothing() {
    let lists = Lists::new(12);
    let mut with = lists.clone();
    with.wanted = lists.wanted.chunks_exact(3).flat_map(|shares| [shares[0], shares[1], shares[2], 0.0]).collect();
    for (metric, k) in every() {
        let finding = with.measure(metric, &["a", "b", "c", "nobody"], k);
        same_findings(&lists.measure(metric, &LEVELS, k), &finding);
        assert!(finding.left_out.contains(&("nobody".to_owned(), "the group has no candidates".to_owned())), "{finding:?}");
        assert!(finding.left_out.iter().any(|(group, reason)| group == "unknown" && reason.contains("candidates")), "{finding:?}");
    }
}

/// Two jobs that mirror each other: whatever one gives to `a` the other gives to `b`.
#[test]
fn mirrored_jobs_have_no_gap_between_groups() {
    let half = [0, 0, 1, 0, 1, 1, 0, 1, 1, 1];
    let codes: Vec<u32> = half.into_iter().chain(half.map(|code| 1 - code)).collect();
    let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes);
    let rankings = Rankings::new(&[10, 10], &groups).unwrap();
    let is_gap = |id: &str| id.contains("-difference") || id.contains("-ratio");
    let mut gaps = 0;
    for metric in RANKING_METRICS.iter().filter(|metric| is_gap(metric.card().id)) {
        for k in [None, Some(1), Some(4)] {
            let found = metric.measure(&rankings, k, None).estimate.number().unwrap();
            assert!((found - metric.card().fair_value.unwrap()).abs() < 1e-12, "{} {found}", metric.card().id);
            gaps += 1;
        }
    }
    assert_eq!(gaps, 21);
}

#[test]
fn a_gap_of_one_group_is_undefined_with_its_reason() {
    let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 0, UNKNOWN]);
    let rankings = Rankings::new(&[4], &groups).unwrap();
    for metric in RANKING_METRICS.iter().filter(|metric| metric.card().id.contains("-difference") || metric.card().id.contains("-ratio")) {
        let finding = metric.measure(&rankings, None, None);
        assert_eq!(finding.estimate.reason(), Some("a disparity needs two groups and one can enter"), "{}", metric.card().id);
    }
    let apart = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, 1]);
    let finding = ranking::evaluate(&["exposure-ratio"], &Rankings::new(&[2, 2], &apart).unwrap(), None, None).unwrap().remove(0);
    assert_eq!(finding.estimate.reason(), Some("no job has candidates of two groups"));
}

#[test]
fn groups_in_few_jobs_can_be_kept_out_of_gaps() {
    let groups = Groups::new("g", LEVELS.map(str::to_owned).to_vec(), vec![0, 1, 2, 0, 1, 1, 0]);
    let rankings = Rankings::new(&[3, 2, 2], &groups).unwrap().minimum_jobs(2);
    let finding = ranking::evaluate(&["average-rank-difference"], &rankings, None, None).unwrap().remove(0);
    // a 1, 1, 2 against b 2, 2, 1; with c it would be 1.0 of one job against a.
    assert!((finding.estimate.number().unwrap() - 1.0 / 3.0).abs() < 1e-15);
    assert!(finding.left_out.contains(&("c".to_owned(), "in 1 jobs, fewer than the minimum of 2".to_owned())), "{finding:?}");
    assert!(finding.left_out.contains(&("c".to_owned(), "no candidates of the group in 2 of 3 jobs".to_owned())), "{finding:?}");
}

#[test]
fn what_rankings_lack_is_said() {
    let lists = Lists::new(4);
    let groups = lists.groups(&LEVELS);
    let bare = Rankings::new(&lists.sizes, &groups).unwrap();
    for metric in RANKING_METRICS {
        let finding = metric.measure(&bare, Some(5), None);
        let reason = match metric.needs() {
            RankingNeeds::Groups => None,
            RankingNeeds::Labels => Some("no labels were given"),
            RankingNeeds::Scores => Some("no scores were given"),
            RankingNeeds::Original => Some("no original ranking was given"),
            RankingNeeds::Wanted => Some("no wanted shares were given"),
        };
        assert_eq!(finding.estimate.reason(), reason, "{}", metric.card().id);
        assert_eq!((metric.applies(&bare), metric.applies(&lists.rankings(&groups))), (reason.is_none(), true));
    }
    let ids: Vec<String> = ranking::evaluate(&[], &bare, None, None).unwrap().into_iter().map(|finding| finding.metric).collect();
    assert_eq!(ids.len(), RANKING_METRICS.iter().filter(|metric| metric.needs() == RankingNeeds::Groups).count());
}

#[test]
fn a_ranking_finding_survives_its_json_and_any_number_of_threads() {
    // More jobs than are resampled one by one.
    let lists = Lists::new(5000);
    let groups = lists.groups(&LEVELS);
    let plan = IntervalPlan { replicates: 40, ..IntervalPlan::default() };
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| ranking::evaluate(&[], &lists.rankings(&groups), Some(10), Some(&plan)).unwrap())
    };
    let findings = run(1);
    let text = serde_json::to_string(&findings).unwrap();
    assert!(!text.contains("null"), "{text}");
    assert_eq!(serde_json::from_str::<Vec<Finding>>(&text).unwrap(), findings);
    assert_eq!(text, serde_json::to_string(&run(2)).unwrap());
    assert_eq!(findings.len(), RANKING_METRICS.len());
}

#[test]
fn every_number_has_its_interval_over_jobs_around_it() {
    let lists = Lists::new(60);
    let groups = lists.groups(&LEVELS);
    let plan = IntervalPlan { replicates: 500, ..IntervalPlan::default() };
    for finding in ranking::evaluate(&[], &lists.rankings(&groups), Some(9), Some(&plan)).unwrap() {
        for (value, interval) in
            [&finding.estimate].into_iter().chain(finding.by_group.iter().map(|group| &group.estimate)).map(|e| (e.number(), e.interval()))
        {
            let (value, interval) = (value.unwrap(), interval.unwrap());
            let slack = 1e-9 + 0.25 * (interval.high - interval.low);
            assert!(interval.low - slack <= value && value <= interval.high + slack, "{}: {value} {interval:?}", finding.metric);
            assert!(["bootstrap", "norm-of-error"].contains(&interval.method.as_str()), "{interval:?}");
            assert_eq!((interval.replicates, interval.level), (500, 0.95));
        }
    }
}

#[test]
fn a_single_job_has_no_interval_and_says_so() {
    let lists = Lists::new(1);
    let groups = lists.groups(&LEVELS);
    for finding in ranking::evaluate(&[], &lists.rankings(&groups), Some(9), Some(&IntervalPlan::default())).unwrap() {
        assert!(finding.estimate.number().is_some() && finding.estimate.interval().is_none(), "{finding:?}");
        assert!(finding.by_group.iter().all(|group| group.estimate.interval().is_none()));
        let reason = "it rests on a single job, and an interval needs several to resample";
        assert!(finding.left_out.contains(&("interval".to_owned(), reason.to_owned())), "{finding:?}");
    }
}

/// The truth of lists in random order lies inside 95 % intervals about 95 times of 100.
#[test]
fn intervals_over_jobs_cover_the_truth() {
    let plan = IntervalPlan { replicates: 400, ..IntervalPlan::default() };
    // Every order of two of each group is as likely as any other: the mean rank of a group is 2.5, its share among the first two 1/2.
    let orders = [[0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 1, 0], [1, 1, 0, 0]];
    let mut state = 1_u64;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % 6
    };
    let (mut ranks, mut shares) = (0, 0);
    for _ in 0..300 {
        let codes: Vec<u32> = (0..80).flat_map(|_| orders[draw()]).collect();
        let groups = Groups::new("g", vec!["a".to_owned(), "b".to_owned()], codes);
        let rankings = Rankings::new(&[4; 80], &groups).unwrap();
        let findings = ranking::evaluate(&["average-rank", "share-at-k"], &rankings, Some(2), Some(&plan)).unwrap();
        let covers = |finding: &Finding, truth: f64| {
            let interval = finding.by_group[0].estimate.interval().unwrap();
            usize::from(interval.low <= truth && truth <= interval.high)
        };
        ranks += covers(&findings[0], 2.5);
        shares += covers(&findings[1], 0.5);
    }
    // 285 expected, standard deviation 3.8; percentile intervals of 80 jobs are a little narrow.
    assert!((268..=298).contains(&ranks) && (268..=298).contains(&shares), "{ranks} and {shares} of 300");
}
