//! The five-point scale of lymphoma, by comparison with reference regions and by qPET.

use super::Assessed;
use super::compare::{above, at_least, below, not_negative, positive};
use super::reason::{Needed, Reason, Region, Relation};
use super::warning::Warning;

/// A score on the five-point scale (Deauville criteria).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FivePoint {
    /// No uptake above the background.
    One,
    /// 1 or 2, which the liver alone does not tell apart.
    OneOrTwo,
    /// Uptake not above the mediastinum.
    Two,
    /// Uptake above the mediastinum, not above the liver.
    Three,
    /// Uptake moderately above the liver.
    Four,
    /// Uptake markedly above the liver, or new lesions.
    Five,
    /// What the scale needs is not there.
    NotEvaluable,
}

impl FivePoint {
    /// The score as a figure; `1-2` where the two are not told apart, `NE` where there is none.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::One => "1",
            Self::OneOrTwo => "1-2",
            Self::Two => "2",
            Self::Three => "3",
            Self::Four => "4",
            Self::Five => "5",
            Self::NotEvaluable => "NE",
        }
    }
}

/// What the five-point scale compares. All uptakes are SUV, and the first three of one kind: readers usually compare
/// largest values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DeauvilleInput {
    /// Uptake of the hottest residual; `None` where it was not measured.
    pub residual: Option<f64>,
    /// Whether a residual has uptake above its surroundings at all.
    pub above_background: bool,
    /// Uptake of the mediastinal blood pool.
    pub blood_pool: Option<f64>,
    /// Uptake of the liver.
    pub liver: Option<f64>,
    /// Largest uptake in the liver, from which "markedly above" counts.
    pub liver_max: Option<f64>,
    /// How many times `liver_max` is "markedly above": the criteria say two to three.
    pub markedly: f64,
    /// New lesions that are lymphoma.
    pub new_lesions: usize,
}

/// Gives the score of the five-point scale from numbers.
///
/// The scale is one of the reader's eye; this is what the numbers say. New lesions are 5. Without uptake above the
/// background the score is 1; not above the mediastinum 2; not above the liver 3; at least `markedly` times the
/// largest uptake of the liver 5; else 4. Where the mediastinum is not below the liver, only the liver counts: below
/// it 2, equal 3.
///
/// Not evaluable: no uptake or no region where one is needed; "markedly" without the liver's largest uptake.
///
/// Barrington SF et al., Eur J Nucl Med Mol Imaging 2010;37:1824 and J Clin Oncol 2014;32:3048, as printed by others
/// (`testdata/reference/response_lymphoma.csv`). Whether exactly twice the liver is 5 they do not say.
#[must_use]
pub fn deauville(input: &DeauvilleInput) -> Assessed<FivePoint> {
    if input.new_lesions > 0 {
        return Assessed::new(FivePoint::Five, [Reason::NewLesions(input.new_lesions)]);
    }
    if !input.above_background {
        return Assessed::new(FivePoint::One, [Reason::NothingLeft]);
    }
    let assessed = Compared::of(input).and_then(|compared| compared.score(input));
    assessed.unwrap_or_else(|reason| Assessed::new(FivePoint::NotEvaluable, [reason]))
}

struct Compared {
    residual: f64,
    blood_pool: f64,
    liver: f64,
}

impl Compared {
    fn of(input: &DeauvilleInput) -> Result<Self, Reason> {
        Ok(Self {
            residual: not_negative(input.residual, Needed::ResidualUptake)?,
            blood_pool: positive(input.blood_pool, Needed::BloodPool)?,
            liver: positive(input.liver, Needed::LiverMean)?,
        })
    }

    fn score(&self, input: &DeauvilleInput) -> Result<Assessed<FivePoint>, Reason> {
        let to_blood = |relation| self.reason(relation, Region::BloodPool, self.blood_pool);
        let to_liver = |relation| self.reason(relation, Region::Liver, self.liver);
        if above(self.residual, self.liver) {
            let (score, reason) = self.above_liver(input)?;
            return Ok(Assessed::new(score, [to_liver(Relation::Above), reason]));
        }
        if at_least(self.blood_pool, self.liver) {
            let (score, relation) = match below(self.residual, self.liver) {
                true => (FivePoint::Two, Relation::Below),
                false => (FivePoint::Three, Relation::Equal),
            };
            let warning = Warning::BloodPoolNotBelowLiver;
            return Ok(Assessed::new(score, [to_liver(relation)]).warned([warning]));
        }
        Ok(match above(self.residual, self.blood_pool) {
            false => Assessed::new(FivePoint::Two, [to_blood(Relation::NotAbove)]),
            true => {
                let reasons = [to_blood(Relation::Above), to_liver(Relation::NotAbove)];
                Assessed::new(FivePoint::Three, reasons)
            }
        })
    }

    fn above_liver(&self, input: &DeauvilleInput) -> Result<(FivePoint, Reason), Reason> {
        let largest = positive(input.liver_max, Needed::LiverMax)?;
        let markedly = positive(Some(input.markedly), Needed::LiverMax)?;
        let tenths = (markedly * 10.0).round() as u32;
        let (score, relation) = match at_least(self.residual, markedly * largest) {
            true => (FivePoint::Five, Relation::AtLeastTenths(tenths)),
            false => (FivePoint::Four, Relation::LessThanTenths(tenths)),
        };
        Ok((score, self.reason(relation, Region::Liver, largest)))
    }

    fn reason(&self, relation: Relation, region: Region, reference: f64) -> Reason {
        let value = self.residual;
        Reason::Uptake {
            value,
            relation,
            region,
            reference,
        }
    }
}

/// Which peak the uptake of the residual is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeakDefinition {
    /// Mean of the hottest voxel and its three hottest neighbours: the definition of qPET.
    FourVoxels,
    /// Mean of a sphere of 1 mL.
    Sphere,
}

/// What qPET divides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QpetInput {
    /// Peak of the hottest residual, SUV; 0 where nothing is left.
    pub residual: Option<f64>,
    /// Which peak it is.
    pub peak: PeakDefinition,
    /// Mean SUV of the liver: qPET takes a cuboid of 30 mL.
    pub liver_mean: Option<f64>,
    /// New lesions that are lymphoma.
    pub new_lesions: usize,
}

/// A quotient and the score it stands for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Qpet {
    /// Peak of the residual over mean of the liver; `None` where it cannot be had.
    pub value: Option<f64>,
    /// The score of the five-point scale.
    pub score: FivePoint,
}

/// Cut-offs of qPET, each the lowest value of its score.
const CUT_OFFS: [(f64, FivePoint); 4] = [
    (0.0, FivePoint::OneOrTwo),
    (0.95, FivePoint::Three),
    (1.3, FivePoint::Four),
    (2.0, FivePoint::Five),
];

/// Gives qPET and the score of the five-point scale that it stands for: from 0.95 on 3, from 1.3 on 4, from 2.0 on 5.
///
/// New lesions are 5 whatever the quotient. A mean of the liver outside 1.3 to 3.0 is warned of (EANM,
/// doi 10.1007/s00259-022-05977-5), and so is a peak that is not qPET's own, whose cut-offs lie elsewhere.
///
/// Hasenclever D et al., Eur J Nucl Med Mol Imaging 2014;41:1301; the abstract was at hand. To which score the
/// cut-off itself belongs it does not say.
#[must_use]
pub fn qpet(input: &QpetInput) -> Assessed<Qpet> {
    let quotient = not_negative(input.residual, Needed::ResidualUptake)
        .and_then(|residual| positive(input.liver_mean, Needed::LiverMean).map(|liver| residual / liver));
    let (value, by_quotient) = match quotient {
        Ok(value) => (Some(value), scored(value)),
        Err(reason) => (None, (FivePoint::NotEvaluable, reason)),
    };
    let (score, reason) = match input.new_lesions {
        0 => by_quotient,
        count => (FivePoint::Five, Reason::NewLesions(count)),
    };
    let sphere = (input.peak == PeakDefinition::Sphere).then_some(Warning::SpherePeak);
    let liver = input.liver_mean.filter(|mean| !(1.3..=3.0).contains(mean));
    let liver = liver.map(|mean| Warning::LiverRange { mean });
    Assessed::new(Qpet { value, score }, [reason]).warned(sphere.into_iter().chain(liver))
}

fn scored(qpet: f64) -> (FivePoint, Reason) {
    let reached = CUT_OFFS
        .iter()
        .rposition(|(from, _)| at_least(qpet, *from))
        .unwrap_or(0);
    let (from, score) = CUT_OFFS[reached];
    let to = CUT_OFFS.get(reached + 1).map_or(f64::INFINITY, |(to, _)| *to);
    (score, Reason::Quotient { qpet, from, to })
}

#[cfg(test)]
mod tests;
