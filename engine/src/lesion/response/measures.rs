//! What was measured in an exam, as plain numbers.

/// One lesion of one exam. What was not measured is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lesion {
    /// Number of its track: the parts of one lesion, and the same lesion in both exams, have the same.
    pub track: u32,
    /// The organ it lies in; lymph nodes are one organ, whatever is written here.
    pub organ: String,
    /// Whether it is a lymph node, which RECIST measures across.
    pub is_node: bool,
    /// Whether no earlier exam has it; not asked at baseline.
    pub is_new: bool,
    /// SULpeak: mean of a sphere of 1 mL, in SUL.
    pub sul_peak: Option<f64>,
    /// Largest SUV by body weight, g/mL.
    pub suv_max: Option<f64>,
    /// Peak that qPET is defined with, the mean of the hottest voxel and its three hottest neighbours, SUV.
    pub suv_peak_qpet4: Option<f64>,
    /// Mean of a sphere of 1 mL, SUV.
    pub suv_peak_sphere: Option<f64>,
    /// Metabolic tumour volume (for PSMA the PSMA-positive volume), mL.
    pub mtv_ml: Option<f64>,
    /// Total lesion glycolysis: mean SUL times volume, SUL times mL.
    pub tlg: Option<f64>,
    /// Longest dimension of the uptake on PET, mm.
    pub uptake_extent_mm: Option<f64>,
    /// Longest diameter on CT or MR, mm.
    pub long_axis_mm: Option<f64>,
    /// Diameter across the longest one on CT or MR, mm.
    pub short_axis_mm: Option<f64>,
}

/// Uptake in a reference region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceRegion {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Largest value.
    pub max: f64,
}

/// How an exam was made, and its reference regions. What is not known is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Conditions {
    /// Sphere of 3 cm in the right lobe of the liver, in SUL.
    pub liver_sul: Option<ReferenceRegion>,
    /// Cylinder of 1 cm by 2 cm in the descending aorta, in SUL.
    pub blood_pool_sul: Option<ReferenceRegion>,
    /// The liver in SUV by body weight.
    pub liver_suv: Option<ReferenceRegion>,
    /// The blood pool of the mediastinum in SUV by body weight.
    pub blood_pool_suv: Option<ReferenceRegion>,
    /// From injection to the start of the scan, s.
    pub uptake_s: Option<f64>,
    /// Injected activity, Bq.
    pub injected_activity_bq: Option<f64>,
    /// What names the scanner, such as manufacturer, model and station.
    pub scanner: Option<String>,
    /// What names the reconstruction.
    pub reconstruction: Option<String>,
}

/// One exam.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exam<'a> {
    /// Its lesions, those set aside as physiological left out.
    pub lesions: &'a [Lesion],
    /// How it was made.
    pub conditions: &'a Conditions,
}

impl Exam<'_> {
    pub(super) fn new_lesions(&self) -> usize {
        self.lesions.iter().filter(|lesion| lesion.is_new).count()
    }
}
