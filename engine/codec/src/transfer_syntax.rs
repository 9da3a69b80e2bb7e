//! The transfer syntaxes that Uptake knows, by UID (PS3.5 section 10, PS3.6 Annex A).

/// A transfer syntax; [`TransferSyntax::from_uid`] gives `None` for one that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TransferSyntax {
    /// Implicit VR Little Endian.
    ImplicitLittleEndian,
    /// Explicit VR Little Endian.
    ExplicitLittleEndian,
    /// Deflated Explicit VR Little Endian.
    DeflatedExplicitLittleEndian,
    /// Explicit VR Big Endian (retired).
    ExplicitBigEndian,
    /// Encapsulated Uncompressed Explicit VR Little Endian.
    EncapsulatedUncompressed,
    /// Deflated Image Frame Compression.
    DeflatedImageFrame,
    /// JPEG Baseline (process 1).
    JpegBaseline,
    /// JPEG Extended (processes 2 and 4).
    JpegExtended,
    /// JPEG Spectral Selection, non-hierarchical (processes 6 and 8, retired).
    JpegSpectralSelection,
    /// JPEG Full Progression, non-hierarchical (processes 10 and 12, retired).
    JpegFullProgression,
    /// JPEG Lossless (process 14).
    JpegLossless,
    /// JPEG Lossless (process 14, selection value 1).
    JpegLosslessFirstOrder,
    /// JPEG-LS Lossless.
    JpegLsLossless,
    /// JPEG-LS Near-lossless.
    JpegLsNearLossless,
    /// JPEG 2000 (lossless only).
    Jpeg2000Lossless,
    /// JPEG 2000.
    Jpeg2000,
    /// High-Throughput JPEG 2000 (lossless only).
    Htj2kLossless,
    /// High-Throughput JPEG 2000 with RPCL options (lossless only).
    Htj2kLosslessRpcl,
    /// High-Throughput JPEG 2000.
    Htj2k,
    /// RLE Lossless.
    RleLossless,
}

use TransferSyntax as T;

/// Every known transfer syntax: itself, its UID, its name.
const TABLE: &[(TransferSyntax, &str, &str)] = &[
    (
        T::ImplicitLittleEndian,
        "1.2.840.10008.1.2",
        "Implicit VR Little Endian",
    ),
    (
        T::ExplicitLittleEndian,
        "1.2.840.10008.1.2.1",
        "Explicit VR Little Endian",
    ),
    (
        T::DeflatedExplicitLittleEndian,
        "1.2.840.10008.1.2.1.99",
        "Deflated Explicit VR Little Endian",
    ),
    (
        T::ExplicitBigEndian,
        "1.2.840.10008.1.2.2",
        "Explicit VR Big Endian",
    ),
    (
        T::EncapsulatedUncompressed,
        "1.2.840.10008.1.2.1.98",
        "Encapsulated Uncompressed Explicit VR Little Endian",
    ),
    (
        T::DeflatedImageFrame,
        "1.2.840.10008.1.2.8.1",
        "Deflated Image Frame Compression",
    ),
    (T::JpegBaseline, "1.2.840.10008.1.2.4.50", "JPEG Baseline"),
    (T::JpegExtended, "1.2.840.10008.1.2.4.51", "JPEG Extended"),
    (
        T::JpegSpectralSelection,
        "1.2.840.10008.1.2.4.53",
        "JPEG Spectral Selection",
    ),
    (
        T::JpegFullProgression,
        "1.2.840.10008.1.2.4.55",
        "JPEG Full Progression",
    ),
    (T::JpegLossless, "1.2.840.10008.1.2.4.57", "JPEG Lossless"),
    (
        T::JpegLosslessFirstOrder,
        "1.2.840.10008.1.2.4.70",
        "JPEG Lossless, selection value 1",
    ),
    (T::JpegLsLossless, "1.2.840.10008.1.2.4.80", "JPEG-LS Lossless"),
    (
        T::JpegLsNearLossless,
        "1.2.840.10008.1.2.4.81",
        "JPEG-LS Near-lossless",
    ),
    (
        T::Jpeg2000Lossless,
        "1.2.840.10008.1.2.4.90",
        "JPEG 2000 Lossless",
    ),
    (T::Jpeg2000, "1.2.840.10008.1.2.4.91", "JPEG 2000"),
    (
        T::Htj2kLossless,
        "1.2.840.10008.1.2.4.201",
        "High-Throughput JPEG 2000 Lossless",
    ),
    (
        T::Htj2kLosslessRpcl,
        "1.2.840.10008.1.2.4.202",
        "High-Throughput JPEG 2000 Lossless, RPCL",
    ),
    (T::Htj2k, "1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000"),
    (T::RleLossless, "1.2.840.10008.1.2.5", "RLE Lossless"),
];

impl TransferSyntax {
    /// Every transfer syntax known here.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    /// Finds a transfer syntax by its UID; trailing padding is ignored.
    #[must_use]
    pub fn from_uid(uid: &str) -> Option<Self> {
        let uid = uid.trim_end_matches(['\0', ' ']);
        TABLE.iter().find(|row| row.1 == uid).map(|row| row.0)
    }

    /// Gives the UID.
    #[must_use]
    pub fn uid(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .expect("every variant has a row; a test walks them")
            .1
    }

    /// Gives the name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        TABLE
            .iter()
            .find(|row| row.0 == self)
            .expect("every variant has a row; a test walks them")
            .2
    }

    /// Whether pixel data is stored as fragments.
    #[must_use]
    pub fn is_encapsulated(self) -> bool {
        !matches!(
            self,
            T::ImplicitLittleEndian
                | T::ExplicitLittleEndian
                | T::DeflatedExplicitLittleEndian
                | T::ExplicitBigEndian
        )
    }

    /// Whether element headers carry a value representation.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        self != T::ImplicitLittleEndian
    }

    /// Whether numbers are stored most significant byte first.
    #[must_use]
    pub fn is_big_endian(self) -> bool {
        self == T::ExplicitBigEndian
    }

    /// Whether the whole data set after the meta information is deflated.
    #[must_use]
    pub fn is_deflated(self) -> bool {
        self == T::DeflatedExplicitLittleEndian
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_unique_and_found() {
        for syntax in TransferSyntax::all() {
            assert_eq!(TransferSyntax::from_uid(syntax.uid()), Some(syntax));
            assert!(!syntax.name().is_empty());
        }
        assert_eq!(
            TransferSyntax::from_uid("1.2.840.10008.1.2.1\0"),
            Some(T::ExplicitLittleEndian)
        );
        assert_eq!(TransferSyntax::from_uid("1.2.3"), None);
    }
}
