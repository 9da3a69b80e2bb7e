//! Numpy's file format, version 1.0: a header that is a Python literal, then the values.

use std::io::Write;

/// Writes values of `dtype` (numpy's short form, `<i2`) in C order.
pub fn write(out: &mut impl Write, dtype: &str, shape: &[usize], frames: &[Vec<u8>]) -> std::io::Result<()> {
    let sides: Vec<String> = shape.iter().map(usize::to_string).collect();
    // A tuple of one needs its comma.
    let tuple = if sides.len() == 1 {
        format!("({},)", sides[0])
    } else {
        format!("({})", sides.join(", "))
    };
    let mut header = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': {tuple}, }}");
    // Magic, version and length take 10 bytes; the whole is padded to 64 and ends with a new line.
    let padding = 63 - (10 + header.len()) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let length = u16::try_from(header.len())
        .map_err(|_| std::io::Error::other("numpy header of more than 65535 bytes"))?;
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    frames.iter().try_for_each(|frame| out.write_all(frame))
}

#[cfg(test)]
mod tests {
    #[test]
    fn values_begin_at_a_multiple_of_64() {
        for side in [1, 10, 100, 12345] {
            let mut out = Vec::new();
            super::write(&mut out, "<u2", &[side, side], &[]).unwrap();
            assert_eq!(out.len() % 64, 0);
            assert_eq!(out.last(), Some(&b'\n'));
        }
    }
}
