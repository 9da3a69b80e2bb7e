//! Writes the DICOM conformance statement: `cargo run -p pacs --example conformance > docs/conformance/dicom.md`.

fn main() {
    print!("{}", pacs::conformance::statement());
}
