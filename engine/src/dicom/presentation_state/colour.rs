//! Colours as DICOM says them: CIELab under D50, of 16 bits (PS3.3 C.10.7.1.1).

/// A colour as L*, a*, b*, scaled to 16 bits: L* 0 to 100 is 0 to 0xFFFF, a* and b* -128 to 127 are 0 to 0xFFFF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CieLab(pub [u16; 3]);

/// XYZ of sRGB's primaries under D50 (ICC's adaptation by Bradford), by row.
const XYZ_FROM_RGB: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];
const RGB_FROM_XYZ: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];
const D50: [f64; 3] = [0.964_22, 1.0, 0.825_21];

impl CieLab {
    /// The colour of sRGB levels.
    ///
    /// ```
    /// use engine::dicom::presentation_state::CieLab;
    /// assert_eq!(CieLab::of_srgb([0, 0, 0]).0, [0, 0x8080, 0x8080]);
    /// assert_eq!(CieLab::of_srgb([200, 30, 90]).to_srgb(), [200, 30, 90]);
    /// ```
    #[must_use]
    pub fn of_srgb(levels: [u8; 3]) -> Self {
        let linear = levels.map(|level| {
            let part = f64::from(level) / 255.0;
            if part <= 0.040_45 {
                part / 12.92
            } else {
                ((part + 0.055) / 1.055).powf(2.4)
            }
        });
        let xyz = times(&XYZ_FROM_RGB, linear);
        let [x, y, z] = [0, 1, 2].map(|axis| {
            let part = xyz[axis] / D50[axis];
            if part > 216.0 / 24389.0 {
                part.cbrt()
            } else {
                (24389.0 / 27.0 * part + 16.0) / 116.0
            }
        });
        let scaled = |value: f64, lowest: f64, range: f64| {
            // The cast stays within its type's range.
            ((value - lowest) / range * 65535.0).round() as u16
        };
        Self([
            scaled(116.0 * y - 16.0, 0.0, 100.0),
            scaled(500.0 * (x - y), -128.0, 255.0),
            scaled(200.0 * (y - z), -128.0, 255.0),
        ])
    }

    /// The nearest sRGB levels.
    #[must_use]
    pub fn to_srgb(self) -> [u8; 3] {
        let [l, a, b] = self.0.map(|word| f64::from(word) / 65535.0);
        let y = (l * 100.0 + 16.0) / 116.0;
        let (x, z) = (y + (a * 255.0 - 128.0) / 500.0, y - (b * 255.0 - 128.0) / 200.0);
        let parts = [x, y, z].map(|part| {
            let cube = part.powi(3);
            if cube > 216.0 / 24389.0 {
                cube
            } else {
                (116.0 * part - 16.0) * 27.0 / 24389.0
            }
        });
        let xyz = [0, 1, 2].map(|axis| parts[axis] * D50[axis]);
        times(&RGB_FROM_XYZ, xyz).map(|linear| {
            let part = if linear <= 0.003_130_8 {
                linear * 12.92
            } else {
                1.055 * linear.powf(1.0 / 2.4) - 0.055
            };
            (part * 255.0).round() as u8
        })
    }
}

fn times(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|row| (0..3).map(|column| matrix[row][column] * vector[column]).sum())
}

#[cfg(test)]
mod tests {
    use super::CieLab;

    #[test]
    fn every_colour_comes_back() {
        for n in (0..1 << 24).step_by(3571) {
            let levels = [n >> 16, n >> 8, n].map(|level: u32| level as u8);
            assert_eq!(CieLab::of_srgb(levels).to_srgb(), levels);
        }
    }
}
