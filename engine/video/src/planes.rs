//! Red, green and blue as luminance and halved colour differences: BT.709, limited range, 4:2:0.

use crate::Picture;

/// The three planes of a picture; colour differences have half the sides, rounded up.
#[derive(Debug, Default)]
pub(crate) struct Planes {
    pub(crate) luma: Vec<u8>,
    pub(crate) blue: Vec<u8>,
    pub(crate) red: Vec<u8>,
}

/// Parts of red, green and blue in the luminance (ITU-R BT.709-6, 3.2).
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

fn luma(rgb: [f32; 3]) -> f32 {
    rgb.iter().zip(LUMA).map(|(part, weight)| part * weight).sum()
}

impl Planes {
    /// Takes the place of what was here before.
    pub(crate) fn fill(&mut self, picture: &Picture<'_>) {
        let [width, height] = [picture.width, picture.height].map(|side| side as usize);
        let pixel = |x: usize, y: usize| -> [f32; 3] {
            let at = (y * width + x) * 4;
            [0, 1, 2].map(|channel| f32::from(picture.rgba[at + channel]))
        };
        self.luma.clear();
        for y in 0..height {
            self.luma
                .extend((0..width).map(|x| (16.0 + 219.0 / 255.0 * luma(pixel(x, y))).round() as u8));
        }
        self.blue.clear();
        self.red.clear();
        for y in (0..height).step_by(2) {
            for x in (0..width).step_by(2) {
                // The last column or row of an odd side stands for its missing neighbour.
                let (right, below) = ((x + 1).min(width - 1), (y + 1).min(height - 1));
                let four = [pixel(x, y), pixel(right, y), pixel(x, below), pixel(right, below)];
                let mean = [0, 1, 2].map(|channel| four.iter().map(|rgb| rgb[channel]).sum::<f32>() / 4.0);
                let difference = |channel: usize| {
                    let part = (mean[channel] - luma(mean)) / (2.0 * (1.0 - LUMA[channel]));
                    (128.0 + 224.0 / 255.0 * part).round() as u8
                };
                self.blue.push(difference(2));
                self.red.push(difference(0));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Planes;
    use crate::Picture;

    /// Limits and colour bars of BT.709 in eight bits.
    fn check(rgb: [u8; 3], expected: [u8; 3]) {
        let rgba = [rgb[0], rgb[1], rgb[2], 255].repeat(3);
        let picture = Picture {
            width: 3,
            height: 1,
            rgba: &rgba,
        };
        let mut planes = Planes::default();
        planes.fill(&picture);
        assert_eq!(planes.luma, [expected[0]; 3]);
        assert_eq!(planes.blue, [expected[1]; 2]);
        assert_eq!(planes.red, [expected[2]; 2]);
    }

    #[test]
    fn colour_bars_have_their_codes() {
        check([0, 0, 0], [16, 128, 128]);
        check([255, 255, 255], [235, 128, 128]);
        check([255, 0, 0], [63, 102, 240]);
        check([0, 255, 0], [173, 42, 26]);
        check([0, 0, 255], [32, 240, 118]);
    }
}
