//! Target lesions of RECIST 1.1.

use super::compare::{at_least, below};

/// Most target lesions in all.
const MOST: usize = 5;
/// Most target lesions of one organ.
const MOST_OF_ORGAN: usize = 2;
/// Least long axis of a target that is no node, mm.
const LEAST_MM: f64 = 10.0;
/// Least short axis of a node that is a target, mm.
const LEAST_NODE_MM: f64 = 15.0;
/// Slices thicker than this raise the least long axis to twice their thickness, mm.
const THICK_SLICE_MM: f64 = 5.0;
/// A node with a shorter short axis is not diseased, mm.
pub(super) const NORMAL_NODE_MM: f64 = 10.0;

/// A lesion that may become a target.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its organ; what is written here for nodes does not count, for all nodes are one organ.
    pub organ: String,
    /// Whether it is a lymph node.
    pub is_node: bool,
    /// Longest diameter, mm.
    pub long_axis_mm: Option<f64>,
    /// Diameter across it, mm.
    pub short_axis_mm: Option<f64>,
}

impl Candidate {
    /// The diameter that RECIST adds up: the short axis of nodes, the long axis of all else.
    #[must_use]
    pub fn diameter_mm(&self) -> Option<f64> {
        let axis = if self.is_node {
            self.short_axis_mm
        } else {
            self.long_axis_mm
        };
        axis.filter(|mm| mm.is_finite() && *mm >= 0.0)
    }

    fn organ(&self) -> &str {
        if self.is_node { "lymph nodes" } else { &self.organ }
    }
}

/// Lesions by the part they play, each as a number in the order they came in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Targets {
    /// Those whose diameters are added up.
    pub targets: Vec<usize>,
    /// The other diseased lesions, measurable or not.
    pub non_targets: Vec<usize>,
    /// Nodes below 10 mm in the short axis, which are not disease.
    pub normal_nodes: Vec<usize>,
}

/// Chooses the target lesions of a baseline.
///
/// Measurable is a long axis ≥ 10 mm (or twice the thickness of slices above 5 mm), of nodes a short axis ≥ 15 mm.
/// At most five in all and two of an organ are taken: first the largest of each organ, so that all are represented,
/// then the next largest. A reader may prefer others, which lend themselves better to being measured again.
///
/// Eisenhauer EA et al., Eur J Cancer 2009;45:228, 3.1 and 4.2; nodes are one organ: RECIST working group,
/// eortc.be/Recist/questions_clarifications.html.
#[must_use]
pub fn targets(lesions: &[Candidate], slice_thickness_mm: Option<f64>) -> Targets {
    let least = slice_thickness_mm
        .filter(|mm| *mm > THICK_SLICE_MM)
        .map_or(LEAST_MM, |mm| 2.0 * mm);
    let measurable = |lesion: &Candidate| {
        let least = if lesion.is_node { LEAST_NODE_MM } else { least };
        lesion.diameter_mm().filter(|mm| at_least(*mm, least))
    };
    let mut by_size: Vec<(usize, f64)> = (lesions.iter().enumerate())
        .filter_map(|(n, lesion)| Some((n, measurable(lesion)?)))
        .collect();
    by_size.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let rank = |n: usize| {
        let of_organ = by_size
            .iter()
            .filter(|(other, _)| lesions[*other].organ() == lesions[n].organ());
        of_organ.take_while(|(other, _)| *other != n).count()
    };
    let mut chosen: Vec<(usize, usize)> = by_size.iter().map(|(n, _)| (rank(*n), *n)).collect();
    chosen.retain(|(rank, _)| *rank < MOST_OF_ORGAN);
    chosen.sort_by_key(|(rank, _)| *rank);
    chosen.truncate(MOST);
    let mut sorted = Targets {
        targets: chosen.into_iter().map(|(_, n)| n).collect(),
        ..Targets::default()
    };
    sorted.targets.sort_unstable();
    for (n, lesion) in lesions
        .iter()
        .enumerate()
        .filter(|(n, _)| !sorted.targets.contains(n))
    {
        match is_normal(lesion) {
            true => sorted.normal_nodes.push(n),
            false => sorted.non_targets.push(n),
        }
    }
    sorted
}

pub(super) fn is_normal(lesion: &Candidate) -> bool {
    lesion.is_node && lesion.diameter_mm().is_some_and(|mm| below(mm, NORMAL_NODE_MM))
}

#[cfg(test)]
mod tests {
    use super::{Candidate, targets};

    fn lesion(organ: &str, long: f64, short: f64) -> Candidate {
        Candidate {
            organ: organ.to_owned(),
            is_node: organ.starts_with("node"),
            long_axis_mm: Some(long),
            short_axis_mm: Some(short),
        }
    }

    fn check(
        lesions: &[Candidate],
        thickness: Option<f64>,
        chosen: &[usize],
        others: &[usize],
        normal: &[usize],
    ) {
        let found = targets(lesions, thickness);
        assert_eq!(
            (found.targets.as_slice(), found.non_targets.as_slice()),
            (chosen, others)
        );
        assert_eq!(found.normal_nodes, normal);
    }

    #[test]
    fn nodes_are_measured_across() {
        let lesions = [
            lesion("node neck", 30.0, 14.9),
            lesion("node neck", 16.0, 15.0),
            lesion("node groin", 30.0, 9.9),
            lesion("lung", 10.0, 4.0),
            lesion("lung", 9.9, 9.0),
        ];
        check(&lesions, None, &[1, 3], &[0, 4], &[2]);
        check(&lesions, Some(6.0), &[1], &[0, 3, 4], &[2]);
    }

    #[test]
    fn all_nodes_are_one_organ() {
        let lesions = ["node neck", "node axilla", "node groin"].map(|organ| lesion(organ, 30.0, 20.0));
        check(&lesions, None, &[0, 1], &[2], &[]);
    }

    #[test]
    fn every_organ_is_represented_before_any_comes_twice() {
        let lesions = [
            lesion("liver", 90.0, 50.0),
            lesion("liver", 80.0, 50.0),
            lesion("liver", 70.0, 50.0),
            lesion("lung", 20.0, 10.0),
            lesion("bone", 18.0, 10.0),
            lesion("adrenal", 16.0, 10.0),
            lesion("spleen", 14.0, 10.0),
        ];
        check(&lesions, None, &[0, 3, 4, 5, 6], &[1, 2], &[]);
        check(&lesions[..4], None, &[0, 1, 3], &[2], &[]);
    }

    #[test]
    fn what_was_not_measured_is_no_target() {
        let unmeasured = Candidate {
            long_axis_mm: None,
            ..lesion("lung", 0.0, 20.0)
        };
        let nonsense = lesion("lung", f64::NAN, 20.0);
        check(&[unmeasured, nonsense], None, &[], &[0, 1], &[]);
        check(&[], None, &[], &[], &[]);
    }
}
