//! The conversion itself: from the attributes of a series to SUV per unit of its values.

use crate::suv::attributes::ACQUISITION;
use crate::suv::audit::{Audit, Notes, ReferenceTimeRule, UnitPath};
use crate::suv::corrections::{self, DecayCorrection};
use crate::suv::units::Units;
use crate::suv::written::{self, Body};
use crate::suv::{Attributes, Conversion, Factors, Refusal, body, decay, injection, reference_time};

/// Gives the conversion of a series to SUV, with the record of every rule and repair it took.
///
/// Nothing is guessed: what the images do not say is refused, what they say doubtfully is a warning in
/// the [`Audit`]. Attributes: PS3.3 C.8.9.1 (units, decay correction), C.8.9.2 (injection), C.8.9.4 (times);
/// decision 0003 gives the rules.
///
/// ```
/// use engine::suv::{Acquisition, Attributes, DateTime, SuvKind, convert};
/// let at = |hour: f64| DateTime::new(2025, 1, 1, hour * 3600.0);
/// let series = Attributes {
///     units: Some("BQML".into()),
///     decay_correction: Some("START".into()),
///     corrected_image: Some(vec!["ATTN".into(), "DECY".into()]),
///     series_date_time: at(11.0),
///     acquisitions: vec![Acquisition { acquisition_date_time: at(11.0), ..Acquisition::default() }],
///     radiopharmaceutical_start_date_time: at(10.0),
///     radionuclide_total_dose: Some(368.08e6),
///     radionuclide_half_life_s: Some(6586.2),
///     patient_weight: Some(70.0),
///     ..Attributes::default()
/// };
/// let conversion = convert(&series)?;
/// assert!((conversion.factors_bw.uniform().unwrap() * 3600.0 - 1.0).abs() < 1e-4);
/// assert_eq!(conversion.audit.uptake_s, Some(3600.0));
/// assert!(conversion.multiplier(SuvKind::SUL).is_err(), "height and sex are not known");
/// # Ok::<(), engine::suv::Refusal>(())
/// ```
///
/// # Errors
///
/// A [`Refusal`] that says what was expected and what was found.
pub fn convert(attributes: &Attributes) -> Result<Conversion, Refusal> {
    corrections::require_emission_values(attributes)?;
    let units = Units::of(attributes)?;
    corrections::require_attenuation(attributes)?;
    let mut notes = Notes::default();
    note_offsets(attributes, &mut notes);
    let body = Body::of(attributes, &mut notes);
    let half_life_s = written::half_life_s(attributes, &mut notes);
    let series = Series {
        attributes,
        body: &body,
        half_life_s,
    };
    let (factors_bw, audit) = series.convert(units, &mut notes)?;
    factors_bw
        .all()
        .try_for_each(|factor| body::require_positive("SUV factor", factor).map(drop))?;
    let audit = Audit {
        repairs: notes.repairs,
        warnings: notes.warnings,
        ..audit
    };
    Ok(Conversion {
        factors_bw,
        audit,
        body,
    })
}

fn note_offsets(attributes: &Attributes, notes: &mut Notes) {
    let known = attributes
        .date_times()
        .filter(|moment| moment.utc_offset_s().is_some())
        .count();
    if known > 0 && known < attributes.date_times().count() {
        notes.warn(
            "utc-offset-incomplete",
            "Some times have an offset from UTC and some have none: these were taken as of one place.",
        );
    }
}

const FRAME_DURATION: &str = "Actual Frame Duration";

/// A series while it is converted.
struct Series<'a> {
    attributes: &'a Attributes,
    body: &'a Body,
    half_life_s: Option<f64>,
}

impl Series<'_> {
    fn convert(&self, units: Units, notes: &mut Notes) -> Result<(Factors, Audit), Refusal> {
        match units {
            Units::ActivityConcentration => {
                self.convert_activity(1.0, UnitPath::ActivityConcentration, notes)
            }
            Units::Suv(kind) => {
                let factor = 1.0 / self.body.stored_multiplier(kind, notes)?;
                Ok(self.convert_stored(factor, UnitPath::StoredSuv(kind), notes))
            }
            Units::Counts => self.convert_counts(notes),
        }
    }

    /// Philips' own factors; PS3.3 has no step from counts to SUV.
    fn convert_counts(&self, notes: &mut Notes) -> Result<(Factors, Audit), Refusal> {
        let usable = |factor: Option<f64>| factor.filter(|factor| factor.is_finite() && *factor > 0.0);
        let by_activity = usable(self.attributes.philips_activity_concentration_scale_factor);
        match (usable(self.attributes.philips_suv_scale_factor), by_activity) {
            (Some(factor), by_activity) => {
                if let Some(by_activity) = by_activity {
                    self.compare_philips(factor, by_activity, notes);
                }
                Ok(self.convert_stored(factor, UnitPath::PhilipsSuvFactor, notes))
            }
            (None, Some(factor)) => self.convert_activity(factor, UnitPath::PhilipsActivityFactor, notes),
            (None, None) => Err(Refusal::NoScaleFactor),
        }
    }

    /// Philips' SUV factor holds the weight and activity known at the scan, which may have been mended since.
    fn compare_philips(&self, factor_bw: f64, by_activity: f64, notes: &mut Notes) {
        let mut unseen = Notes::default();
        let Ok((other, _)) = self.convert_activity(by_activity, UnitPath::PhilipsActivityFactor, &mut unseen)
        else {
            return;
        };
        let Some(other) = other.uniform() else { return };
        let percent = (other / factor_bw - 1.0) * 100.0;
        if percent.abs() > injection::TOLERATED_EFFECT * 100.0 {
            let text = format!(
                "Philips' activity factor gives an SUV that differs by {percent:+.1} % from the SUV factor's."
            );
            notes.warn("philips-factors-disagree", text);
        }
    }

    /// Values that need no time: doubts about times are warnings.
    fn convert_stored(&self, factor_bw: f64, unit_path: UnitPath, notes: &mut Notes) -> (Factors, Audit) {
        if corrections::has_decay(self.attributes) == Ok(false) {
            notes.warn(
                "not-decay-corrected",
                "Corrected Image does not hold DECY, though the values are SUV.",
            );
        }
        let uptake_s = self.uptake_to_scan_s(notes).unwrap_or_else(|doubt| {
            notes.warn(
                "uptake-doubtful",
                format!("The times of injection and scan are doubtful: {doubt}."),
            );
            None
        });
        let audit = self.audit(unit_path, ReferenceTimeRule::NotNeeded);
        (Factors::Uniform(factor_bw), Audit { uptake_s, ..audit })
    }

    /// BQML, after `bq_ml` has turned a rescaled value into Bq/mL.
    fn convert_activity(
        &self,
        bq_ml: f64,
        unit_path: UnitPath,
        notes: &mut Notes,
    ) -> Result<(Factors, Audit), Refusal> {
        let correction = DecayCorrection::of(self.attributes)?;
        corrections::require_decay(self.attributes, correction)?;
        let grams = self.body.weight_kg()? * 1e3;
        let injected_bq = written::injected_activity_bq(self.attributes, notes)?;
        let undecayed = bq_ml * grams / injected_bq;
        let (factors, audit) = match correction {
            DecayCorrection::Administration => {
                let audit = self.audit(unit_path, ReferenceTimeRule::Administration);
                let uptake_s = self.uptake_to_scan_s(notes)?;
                let decayed_activity_bq = Some(injected_bq);
                (
                    Factors::Uniform(undecayed),
                    Audit {
                        uptake_s,
                        decayed_activity_bq,
                        ..audit
                    },
                )
            }
            DecayCorrection::Start => self.convert_start(undecayed, injected_bq, unit_path, notes)?,
            DecayCorrection::None => self.convert_uncorrected(undecayed, unit_path, notes)?,
        };
        Ok((
            factors,
            Audit {
                injected_activity_bq: Some(injected_bq),
                ..audit
            },
        ))
    }

    fn convert_start(
        &self,
        undecayed: f64,
        injected_bq: f64,
        unit_path: UnitPath,
        notes: &mut Notes,
    ) -> Result<(Factors, Audit), Refusal> {
        let half_life_s = self.require_half_life_s()?;
        let constant = decay::constant_per_s(half_life_s);
        let given = injection::injection(self.attributes, self.half_life_s, notes)?;
        let (reference, rule) = reference_time::reference_time(self.attributes, constant, notes)?;
        let uptake_s = reference.seconds_since(given.at);
        injection::judge_uptake(self.attributes, given, uptake_s, self.half_life_s, notes)?;
        injection::compare(self.attributes, given, constant, notes);
        let remaining = decay::remaining(constant, uptake_s);
        let audit = Audit {
            uptake_s: Some(uptake_s),
            decayed_activity_bq: Some(injected_bq * remaining),
            ..self.audit(unit_path, rule)
        };
        Ok((Factors::Uniform(undecayed / remaining), audit))
    }

    /// Each image is taken to its own start, and the injected activity with it.
    fn convert_uncorrected(
        &self,
        undecayed: f64,
        unit_path: UnitPath,
        notes: &mut Notes,
    ) -> Result<(Factors, Audit), Refusal> {
        let constant = decay::constant_per_s(self.require_half_life_s()?);
        let given = injection::injection(self.attributes, self.half_life_s, notes)?;
        let images = &self.attributes.acquisitions;
        let mut factors = Vec::with_capacity(images.len());
        for image in images {
            let start = image.acquisition_date_time.ok_or(Refusal::Missing(ACQUISITION))?;
            let duration_ms = image
                .actual_frame_duration_ms
                .ok_or(Refusal::Missing(FRAME_DURATION))?;
            let duration_s = body::require_positive(FRAME_DURATION, duration_ms)? / 1000.0;
            let remaining = decay::remaining(constant, start.seconds_since(given.at));
            factors.push(undecayed * decay::frame_correction(constant, duration_s) / remaining);
        }
        let earliest = self
            .attributes
            .earliest_acquisition()
            .ok_or(Refusal::Missing(ACQUISITION))?;
        let uptake_s = earliest.seconds_since(given.at);
        injection::judge_uptake(self.attributes, given, uptake_s, self.half_life_s, notes)?;
        injection::compare(self.attributes, given, constant, notes);
        let audit = self.audit(unit_path, ReferenceTimeRule::EachAcquisition);
        Ok((
            collapsed(factors),
            Audit {
                uptake_s: Some(uptake_s),
                ..audit
            },
        ))
    }

    /// Seconds from injection to the first acquisition where both are known.
    fn uptake_to_scan_s(&self, notes: &mut Notes) -> Result<Option<f64>, Refusal> {
        let Ok(given) = injection::injection(self.attributes, self.half_life_s, notes) else {
            return Ok(None);
        };
        let Some(scan) = self.attributes.earliest_acquisition() else {
            return Ok(None);
        };
        let uptake_s = scan.seconds_since(given.at);
        injection::judge_uptake(self.attributes, given, uptake_s, self.half_life_s, notes)?;
        Ok(Some(uptake_s))
    }

    fn require_half_life_s(&self) -> Result<f64, Refusal> {
        self.half_life_s.ok_or(Refusal::Missing("Radionuclide Half Life"))
    }

    fn audit(&self, unit_path: UnitPath, reference_time_rule: ReferenceTimeRule) -> Audit {
        Audit {
            unit_path,
            reference_time_rule,
            uptake_s: None,
            injected_activity_bq: None,
            decayed_activity_bq: None,
            half_life_s: self.half_life_s,
            repairs: Vec::new(),
            warnings: Vec::new(),
        }
    }
}

/// One factor where all are the same. There is at least one.
fn collapsed(factors: Vec<f64>) -> Factors {
    let first = factors[0];
    if factors.iter().all(|factor| *factor == first) {
        Factors::Uniform(first)
    } else {
        Factors::PerSlice(factors)
    }
}
