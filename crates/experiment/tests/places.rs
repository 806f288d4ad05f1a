//! What the generated documents make of committed tables of measures.

use std::fmt::Write as _;

use evenhand_experiment::registry;

#[test]
fn lists_say_nothing_of_an_objective_s_place() {
    let text = "method,objective,rebalance,seed,fold,metric,attribute,group,n,value,low,high,undefined,order\n\
                a,vanilla,,0,,accuracy,,,100,0.8,,,,\n\
                a,vanilla,,0,,ndkl,sex,,9,0.3,,,,by score\n\
                a,vanilla,,0,,spdd,sex,,100,0.1,,,,\n";
    let documents = registry::documents(&[("t".to_owned(), text.to_owned())]).unwrap();
    let methods = &documents[1].1;
    assert!(methods.contains("| spdd for sex 0.100, 1 of 1 |") && !methods.contains("ndkl for sex"), "{methods}");
}

#[test]
fn a_method_s_place_is_its_rank_and_whether_another_row_beats_it() {
    // Accuracy: b 0.9, a 0.8, d 0.75, c 0.7. Disparate impact, best at 1, by the mean over the runs of 1 - min(v, 1 / v): c 1.1 (0.09), a 0.7
    // and 0.9 (0.2), d 1.25 and 0.75 (0.225, though their mean is 1), b 0.5 (0.5). d is worse than a in both.
    let mut text = String::from("method,objective,rebalance,seed,fold,metric,attribute,group,n,value,low,high,undefined\n");
    for (name, id, accuracy, impact) in [
        ("a", "vanilla", [0.78, 0.82], [0.7, 0.9]),
        ("b", "mmd", [0.9, 0.9], [0.5, 0.5]),
        ("c", "wasserstein", [0.7, 0.7], [1.1, 1.1]),
        ("d", "wasserstein", [0.75, 0.75], [1.25, 0.75]),
    ] {
        for seed in 0..2 {
            let _ = writeln!(text, "{name},{id},,{seed},,accuracy,,,100,{},,,", accuracy[seed]);
            let _ = writeln!(text, "{name},{id},,{seed},,disparate-impact,sex,,100,{},,,", impact[seed]);
            let _ = writeln!(text, "{name},{id},,{seed},,disparate-impact,sex,f,50,0.3,,,");
        }
    }
    let documents = registry::documents(&[("t".to_owned(), text)]).unwrap();
    let methods = &documents[1].1;
    for line in [
        "| [t](results/t/) | a | accuracy 0.800 (0.028), 2 of 4 | disparate-impact for sex 0.800 (0.141), 2 of 4 | yes | 2 |",
        "| [t](results/t/) | b | accuracy 0.900 (0.000), 1 of 4 | disparate-impact for sex 0.500 (0.000), 4 of 4 | yes | 2 |",
        "| [t](results/t/) | c | accuracy 0.700 (0.000), 4 of 4 | disparate-impact for sex 1.100 (0.000), 1 of 4 | yes | 2 |",
        "| [t](results/t/) | d | accuracy 0.750 (0.000), 3 of 4 | disparate-impact for sex 1.000 (0.354), 3 of 4 | no | 2 |",
    ] {
        assert!(methods.contains(line), "{line}\n{methods}");
    }
}
