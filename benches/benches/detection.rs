//! Detection on the demo's whole-body PET-CT against the truth, one row a seed, and how long it takes.
//!
//! `cargo bench -p benches --bench detection -- --seeds 201..221`; `--no-ct` leaves the CT out, `--speed` runs on
//! the volumes of the benches only.
#![allow(clippy::print_stdout, reason = "a bench prints its table")]

use std::ops::Range;

use cpu_time::ProcessTime;
use engine::lesion::{Options, UptakeThreshold, detect};
use testdata::{PetCt, Score, Size, score};

/// Seeds that no rule was tuned on.
const SEEDS: Range<u64> = 201..221;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    if !has("--speed") {
        evaluate(seeds(&arguments), !has("--no-ct"));
    }
    speed();
}

/// The seeds after `--seeds`, as `from..to`.
fn seeds(arguments: &[String]) -> Range<u64> {
    let given = arguments.iter().position(|argument| argument == "--seeds");
    let range = given.and_then(|n| arguments.get(n + 1)?.split_once(".."));
    let parsed = range.and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    parsed.unwrap_or(SEEDS)
}

fn study(size: Size, seed: u64) -> PetCt {
    PetCt::new(&testdata::Options { size, seed })
}

fn evaluate(seeds: Range<u64>, with_ct: bool) {
    println!("seed  lesions  found  false  set aside right  sites right");
    let mut all = Vec::new();
    for seed in seeds {
        let study = study(Size::Normal, seed);
        let ct = with_ct.then(|| study.ct_volume());
        let detection = detect(&study.pet_volume(), ct.as_ref(), None, &Options::default());
        let score = score(&study, &detection.expect("a study of the demo"));
        row(&seed.to_string(), std::slice::from_ref(&score));
        for line in score
            .missed
            .iter()
            .chain(&score.false_positives)
            .chain(&score.misjudged)
        {
            println!("      {line}");
        }
        all.push(score);
    }
    row("all", &all);
    sites(&all);
    volumes(&all);
}

fn row(name: &str, scores: &[Score]) {
    let sum = |of: &dyn Fn(&Score) -> usize| scores.iter().map(of).sum::<usize>();
    let (wanted, missed) = (sum(&|s| s.wanted), sum(&|s| s.missed.len()));
    let (aside, wrong) = (sum(&|s| s.physiological), sum(&|s| s.misjudged.len()));
    let (sited, missited) = (sum(&|s| s.sited), sum(&|s| s.missited.len()));
    println!(
        "{name:>4}  {wanted:>7}  {:>5}  {:>5}  {:>10} of {aside:>3}  {:>6} of {sited:>3}",
        wanted - missed,
        sum(&|s| s.false_positives.len()),
        aside - wrong,
        sited - missited
    );
}

fn sites(scores: &[Score]) {
    let mut wrong: Vec<&String> = scores.iter().flat_map(|s| &s.missited).collect();
    wrong.sort();
    for same in wrong.chunk_by(|a, b| a == b) {
        println!("      site {} times: {}", same.len(), same[0]);
    }
}

fn volumes(scores: &[Score]) {
    let rules = Options::default().mtv;
    for rule in rules {
        let of_rule = |volume: &&(UptakeThreshold, f64)| volume.0 == rule;
        let all = scores.iter().flat_map(|s| &s.volumes).filter(of_rule);
        let mut off: Vec<f64> = all.map(|volume| volume.1).collect();
        off.sort_by(f64::total_cmp);
        let within = off.iter().filter(|off| off.abs() <= 0.1).count();
        println!(
            "MTV {}: {within} of {} within 10 %, mean {:+.1} %, median {:+.1} %",
            rule.label(),
            off.len(),
            100.0 * off.iter().sum::<f64>() / off.len().max(1) as f64,
            100.0 * off.get(off.len() / 2).copied().unwrap_or(0.0)
        );
    }
}

/// A CT of 512 x 512 x 400, a PET of 200 x 200 x 300.
fn speed() {
    let study = study(Size::Bench, SEEDS.start);
    let (pet, ct) = (study.pet_volume(), study.ct_volume());
    for run in 1..=5 {
        let start = ProcessTime::now();
        let detection = detect(&pet, Some(&ct), None, &Options::default()).expect("a study of the demo");
        println!(
            "run {run}: {:.0} ms of processor time, {} findings",
            start.elapsed().as_secs_f64() * 1e3,
            detection.findings.len()
        );
    }
}
