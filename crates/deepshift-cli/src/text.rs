//! Text for people: numbers, tables, and names that nobody vouches for.

/// `1234567` as `1,234,567`.
pub fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Control characters written out, so that a name in a file can neither break a line nor steer a terminal.
pub fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() })
        .collect()
}

/// `[3, 28, 28]` as `3x28x28`.
pub fn shape(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

/// Columns as wide as their widest cell, those of numbers aligned to the right. The first row is the head.
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let columns: Vec<Column> =
        (0..rows.first().map_or(0, Vec::len)).map(|index| Column::new(&rows, index)).collect();
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().zip(&columns).map(|(cell, column)| column.pad(cell)).collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}

struct Column {
    width: usize,
    holds_numbers: bool,
}

impl Column {
    fn new(rows: &[Vec<String>], index: usize) -> Self {
        let cells = || rows.iter().filter_map(|row| row.get(index));
        let is_number = |cell: &String| cell.chars().all(|c| c.is_ascii_digit() || ",.".contains(c));
        Self {
            width: cells().map(|cell| cell.chars().count()).max().unwrap_or(0),
            holds_numbers: cells().skip(1).all(is_number),
        }
    }

    fn pad(&self, cell: &str) -> String {
        let width = self.width;
        if self.holds_numbers { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_separated() {
        let texts = [0u64, 999, 1000, 1_234_567].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn names_cannot_break_lines_or_steer_terminals() {
        assert_eq!(one_line("a\nb\u{1b}[2Jc"), "a\\nb\\u{1b}[2Jc");
    }

    #[test]
    fn tables_line_up() {
        let rows =
            [["name", "bytes"], ["conv1", "12"], ["a\tb", "1,234"]].map(|row| row.map(String::from).to_vec());
        assert_eq!(table(&rows), "name   bytes\nconv1     12\na\\tb   1,234\n");
    }
}
