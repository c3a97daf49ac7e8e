//! Lists of labels, for pictures that no folder tells apart.

use crate::{Error, Malformed, files};
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Longest list.
const LONGEST: u64 = 1 << 28;
/// How the head of a table begins.
const HEADS: [&str; 7] = ["ImageId", "image_id", "image", "filename", "file_name", "file", "id"];
const REMEDY: &str = "write the name of a picture and its label on each line, or one label for each picture in the order of \
                      their names";

/// What a file says of the labels of pictures.
///
/// On each line it has a picture's name, with or without its folder and its extension, and a label: the name of a class or
/// its number, counted from 0. Blanks, tabs or commas lie between, fields may be quoted, and what follows is not read, so that
/// `val_annotations.txt` of Tiny ImageNet, `val.txt` of Caffe and `LOC_val_solution.csv` of Kaggle are such lists. Where each
/// line holds a label alone, there is one for each picture, in the order of their names. Numbers are then those of
/// ImageNet's `ILSVRC2012_validation_ground_truth.txt`, counted from 1, and [`with_numbered`](Self::with_numbered) says which
/// classes they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelList {
    path: PathBuf,
    lines: Lines,
    /// The classes that numbers stand for.
    numbered: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Lines {
    /// By the picture's name and by its name without an extension.
    Named(HashMap<String, String>),
    Ordered(Vec<String>),
}

impl LabelList {
    /// Reads such a list.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be read, [`Error::Damaged`] if it is no such list.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = files::read(path, LONGEST, REMEDY)?;
        let damaged = |problem| Error::Damaged { path: path.into(), problem, remedy: REMEDY };
        Ok(Self { path: path.into(), lines: parse(&bytes).map_err(damaged)?, numbered: None })
    }

    /// Numbers stand for these classes: the first for 0, or for 1 where each line holds a label alone.
    pub fn with_numbered(self, classes: Vec<String>) -> Self {
        Self { numbered: Some(classes), ..self }
    }

    /// The classes that the list names, sorted; none where it has numbers that nobody explains.
    pub fn classes(&self) -> Option<Vec<String>> {
        let labels: Vec<&String> = match &self.lines {
            Lines::Named(labels) => labels.values().collect(),
            Lines::Ordered(labels) => labels.iter().collect(),
        };
        let mut classes = match &self.numbered {
            Some(classes) => classes.clone(),
            None if labels.iter().any(|label| is_number(label)) => return None,
            None => labels.into_iter().cloned().collect(),
        };
        classes.sort_unstable();
        classes.dedup();
        Some(classes)
    }

    /// The labels of pictures, given by their paths in sorted order; none for those that the list does not name.
    pub(super) fn of(&self, pictures: &[OsString], classes: &[String]) -> Result<Vec<Option<u16>>, Error> {
        let places: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..=u16::MAX).collect();
        match &self.lines {
            Lines::Named(labels) => pictures
                .iter()
                .map(|picture| match find(labels, &picture.to_string_lossy()) {
                    Some(label) => self.place(label, 0, &places).map(Some),
                    None => Ok(None),
                })
                .collect(),
            Lines::Ordered(labels) if labels.len() == pictures.len() => {
                labels.iter().map(|label| self.place(label, 1, &places).map(Some)).collect()
            }
            Lines::Ordered(labels) => Err(self.error(format!(
                "holds {} labels without names, and there are {} pictures: give the list of exactly these pictures, or \
                 names with the labels",
                labels.len(),
                pictures.len()
            ))),
        }
    }

    /// The place among the classes of what a label says; numbers count from `first`.
    fn place(&self, label: &str, first: usize, places: &HashMap<&str, u16>) -> Result<u16, Error> {
        let number: Option<usize> = label.parse().ok().filter(|_| is_number(label));
        let beyond =
            || self.error(format!("has a label {label}, which is none of the {} classes", places.len()));
        match (number, &self.numbered) {
            (None, _) => places.get(label).copied().ok_or_else(beyond),
            (Some(number), Some(classes)) => {
                let class = number.checked_sub(first).and_then(|number| classes.get(number));
                class.and_then(|class| places.get(class.as_str())).copied().ok_or_else(beyond)
            }
            (Some(_), None) if first > 0 => Err(self.error(
                "holds numbers alone, as ImageNet's official ground truth: its numbers are ids of the development kit and no \
                 labels, so give the folders' names in the order of these ids with --label-classes FILE"
                    .into(),
            )),
            (Some(number), None) if number < places.len() => Ok(number as u16),
            (Some(_), None) => Err(beyond()),
        }
    }

    fn error(&self, problem: String) -> Error {
        Error::Settings(format!("{} {problem}", self.path.display()))
    }
}

fn is_number(label: &str) -> bool {
    !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit())
}

/// By the path, by the name, or by the name without its extension.
fn find<'a>(labels: &'a HashMap<String, String>, picture: &str) -> Option<&'a str> {
    let path = picture.replace('\\', "/");
    let name = path.rsplit('/').next().unwrap_or(&path);
    let stem = |name: &str| name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned();
    [path.clone(), name.to_owned(), stem(&path), stem(name)]
        .iter()
        .find_map(|key| labels.get(key))
        .map(String::as_str)
}

fn parse(bytes: &[u8]) -> Result<Lines, Malformed> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| Malformed::new(error.valid_up_to(), "it is not UTF-8 text"))?;
    let mut lines = lines(text)?;
    if lines.iter().all(|line| line.label.is_none()) {
        return Ok(Lines::Ordered(lines.into_iter().map(|line| line.first).collect()));
    }
    let is_head = |line: &Line| HEADS.iter().any(|head| head.eq_ignore_ascii_case(&line.first));
    if lines.first().is_some_and(is_head) {
        lines.remove(0);
    }
    let mut labels = HashMap::new();
    for Line { offset, first, label } in lines {
        let label = label.ok_or_else(|| Malformed::new(offset, format!("{first} has no label")))?;
        let name = first.trim_start_matches("./");
        if labels.insert(name.to_owned(), label.clone()).is_some_and(|before| before != label) {
            return Err(Malformed::new(offset, format!("{name} comes a second time with another label")));
        }
    }
    Ok(Lines::Named(labels))
}

struct Line {
    /// In bytes.
    offset: usize,
    first: String,
    label: Option<String>,
}

/// The first two fields of each line that has any. What lies between fields, the first line tells: tabs, commas, or else blanks.
fn lines(text: &str) -> Result<Vec<Line>, Malformed> {
    let content = text.trim_start_matches('\u{feff}');
    let start = text.len() - content.len();
    let first = content.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    match ['\t', ','].into_iter().find(|&delimiter| first.contains(delimiter)) {
        Some(delimiter) => table(content, delimiter, start),
        None => Ok(content
            .lines()
            .filter_map(|line| {
                let mut words = line.split_whitespace();
                let first = words.next()?.to_owned();
                let offset = line.as_ptr().addr() - text.as_ptr().addr();
                Some(Line { offset, first, label: words.next().map(str::to_owned) })
            })
            .collect()),
    }
}

/// The lines of a table, whose fields may be quoted.
fn table(text: &str, delimiter: char, start: usize) -> Result<Vec<Line>, Malformed> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter as u8)
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut lines = Vec::new();
    for record in reader.records() {
        let offset = |position: Option<&csv::Position>| {
            start + position.map_or(0, |position| position.byte() as usize)
        };
        let record = record
            .map_err(|error| Malformed::new(offset(error.position()), format!("it is no table: {error}")))?;
        let mut fields = record.iter().filter(|field| !field.is_empty());
        if let Some(first) = fields.next() {
            let label = fields.next().map(without_numbers);
            lines.push(Line { offset: offset(record.position()), first: first.to_owned(), label });
        }
    }
    Ok(lines)
}

/// A label without the corners of a box that follow it, as in Kaggle's list of ImageNet.
fn without_numbers(field: &str) -> String {
    let mut words = field.split_whitespace();
    let first = words.next().unwrap_or_default();
    if words.all(is_number) { first.to_owned() } else { field.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> LabelList {
        LabelList { path: "labels.txt".into(), lines: parse(text.as_bytes()).unwrap(), numbered: None }
    }

    fn labels(list: &LabelList, classes: &[&str]) -> Result<Vec<Option<u16>>, String> {
        let pictures = ["x/a.JPEG", "x/b.JPEG", "x/c.JPEG"].map(OsString::from);
        let classes: Vec<String> = classes.iter().map(|&class| class.into()).collect();
        list.of(&pictures, &classes).map_err(|error| error.to_string())
    }

    #[test]
    fn names_and_labels_come_in_many_forms() {
        for text in [
            "a.JPEG n02\nb.JPEG n01\n",
            "\u{feff}a\tn02\t0\t32\r\nb\tn01\t1\t2\r\n",
            "ImageId,PredictionString\na,n02 85 1 499 272\nb,n01 1 2 3 4\n",
            "x/a.JPEG 1\n./x/b.JPEG 0\n",
            "\"file\",\"label\"\r\n\"x/a.JPEG\",\"n02\"\r\n\"b\",\"n01\"",
        ] {
            assert_eq!(labels(&list(text), &["n01", "n02"]), Ok(vec![Some(1), Some(0), None]), "{text}");
        }
        assert_eq!(list("filename,label\na,n02").classes().unwrap(), ["n02"]);
        assert_eq!(list("a n02\nb n01\nc n02").classes().unwrap(), ["n01", "n02"]);
        assert_eq!(list("a 1\nb n01").classes(), None);
        let spaces = list("\"my a, the first.jpg\",sea lion\nmy b.jpg,tabby cat\n");
        assert_eq!(spaces.classes().unwrap(), ["sea lion", "tabby cat"]);
        let pictures = ["my a, the first.jpg", "x/my b.jpg"].map(OsString::from);
        let classes = ["sea lion", "tabby cat"].map(String::from);
        assert_eq!(spaces.of(&pictures, &classes).unwrap(), [Some(0), Some(1)]);
    }

    #[test]
    fn labels_alone_are_in_the_order_of_the_names() {
        assert_eq!(labels(&list("n02\nn01\nn02\n"), &["n01", "n02"]), Ok(vec![Some(1), Some(0), Some(1)]));
        let official = list("3\n1\n3\n");
        let message = labels(&official, &["n01", "n02", "n03"]).unwrap_err();
        assert!(
            message.contains("labels.txt holds numbers alone") && message.contains("--label-classes"),
            "{message}"
        );
        let official = official.with_numbered(["n03", "n02", "n01"].map(String::from).to_vec());
        assert_eq!(labels(&official, &["n01", "n02", "n03"]), Ok(vec![Some(0), Some(2), Some(0)]));
        assert_eq!(official.classes().unwrap(), ["n01", "n02", "n03"]);
        let message = labels(&list("n01\nn02"), &["n01", "n02"]).unwrap_err();
        assert!(message.contains("2 labels without names, and there are 3 pictures"), "{message}");
    }

    #[test]
    fn what_is_no_list_is_refused_with_the_place() {
        let message = |bytes: &[u8]| parse(bytes).unwrap_err().to_string();
        assert_eq!(message(b"a n01\n\xff"), "at byte 6, it is not UTF-8 text");
        assert_eq!(message(b"a n01\nb"), "at byte 6, b has no label");
        assert_eq!(message(b"a n01\na n02"), "at byte 6, a comes a second time with another label");
        assert!(
            labels(&list("a n09"), &["n01"]).unwrap_err().contains("n09, which is none of the 1 classes")
        );
        assert!(labels(&list("a 1"), &["n01"]).unwrap_err().contains("1, which is none of the 1 classes"));
    }
}
