//! Rules as they are written on the command line.

use engine::lesion::{Options, UptakeThreshold};

/// Which voxels are looked at, and how much of them makes a lesion.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    pub candidates: UptakeThreshold,
    pub least_ml: f64,
}

/// Reads `fixed:SUV`, `max:FRACTION`, `liver`, `blood-pool`, `benchmark`.
pub fn candidate_rule(text: &str) -> Result<Rule, String> {
    let (candidates, least_ml) = match text {
        "benchmark" => {
            let of = Options::benchmark();
            (of.candidates, of.least_ml)
        }
        _ => (mtv_rule(text)?, Options::default().least_ml),
    };
    Ok(Rule { candidates, least_ml })
}

/// Reads `fixed:SUV`, `max:FRACTION`, `liver`, `blood-pool`.
pub fn mtv_rule(text: &str) -> Result<UptakeThreshold, String> {
    let number = |text: &str, most: f64| {
        let number: f64 = text
            .parse()
            .map_err(|_| format!("expected a number, found {text}"))?;
        let fits = number > 0.0 && number <= most && number.is_finite();
        let range = if most.is_finite() {
            format!("above 0 and up to {most}")
        } else {
            "above 0".to_owned()
        };
        fits.then_some(number)
            .ok_or_else(|| format!("expected a number {range}, found {text}"))
    };
    match text.split_once(':') {
        Some(("fixed", suv)) => Ok(UptakeThreshold::Fixed {
            suv: number(suv, f64::INFINITY)?,
        }),
        Some(("max", fraction)) => Ok(UptakeThreshold::OfMax {
            fraction: number(fraction, 1.0)?,
        }),
        None if text == "liver" => Ok(UptakeThreshold::Liver),
        None if text == "blood-pool" => Ok(UptakeThreshold::BloodPool),
        _ => Err(format!(
            "expected fixed:SUV, max:FRACTION, liver or blood-pool, found {text}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use engine::lesion::UptakeThreshold;

    use super::{candidate_rule, mtv_rule};

    #[test]
    fn rules_are_read() {
        assert_eq!(
            mtv_rule("max:0.41"),
            Ok(UptakeThreshold::OfMax { fraction: 0.41 })
        );
        assert_eq!(mtv_rule("blood-pool"), Ok(UptakeThreshold::BloodPool));
        let benchmark = candidate_rule("benchmark").unwrap();
        assert_eq!(
            (benchmark.candidates, benchmark.least_ml),
            (UptakeThreshold::Fixed { suv: 4.0 }, 3.0)
        );
    }

    #[test]
    fn what_is_no_rule_says_so() {
        for text in [
            "",
            "fixed",
            "fixed:",
            "fixed:-1",
            "fixed:inf",
            "fixed:nan",
            "max:41",
            "spleen",
        ] {
            assert!(mtv_rule(text).is_err() && candidate_rule(text).is_err(), "{text}");
        }
    }
}
