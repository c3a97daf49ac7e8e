//! Which of a file's tensors are a network's: those under the prefix under which most of its names are found, with the
//! shapes that it needs. A key of a dictionary and a part of a name are the same here, so that `{"model": {"module.fc.weight":
//! …}}` and `{"model.module.fc.weight": …}` are too.

use crate::names::{current, is_auxiliary, is_harmless, rank};
use crate::tensor::{Content, Tensor};
use crate::{Error, Result, StateDict, WeightFile};
use deepshift_core::graph::{Graph, Op};
use deepshift_models::{Shapes, compare};
use std::collections::{BTreeMap, BTreeSet};

/// A network's weights in a file.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// By the network's names.
    pub state: StateDict,
    /// Where they were: keys and parts of names, joined by dots; empty where nothing is in front of the names.
    pub key: String,
    /// Other places in the file where weights of this network are.
    pub others: Vec<String>,
    /// Tensors beside the weights that are not theirs.
    pub left_out: Vec<String>,
}

/// What part of a parameter a tensor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    Shift,
    Sign,
    Scale,
}

/// A parameter that the network needs, and which part of it has this name.
type Wanted = BTreeMap<String, (usize, Part)>;

/// Tensors of the file under a prefix that are parameters of the network, by number and part.
type Hits = BTreeMap<(usize, Part), usize>;

struct Network<'g> {
    graph: &'g Graph,
    parameters: Vec<(String, Vec<usize>)>,
    wanted: Wanted,
}

impl<'g> Network<'g> {
    fn new(graph: &'g Graph) -> Self {
        let (mut parameters, mut wanted) = (Vec::new(), Wanted::new());
        for node in &graph.nodes {
            for (name, shape) in node.parameters() {
                let index = parameters.len();
                if matches!(node.op, Op::Conv2d(_) | Op::Linear(_)) && name.ends_with(".weight") {
                    for (suffix, part) in
                        [("shift", Part::Shift), ("sign", Part::Sign), ("scale", Part::Scale)]
                    {
                        wanted.insert(format!("{}.{suffix}", node.name), (index, part));
                    }
                }
                wanted.insert(name.clone(), (index, Part::Whole));
                parameters.push((name, shape));
            }
        }
        Self { graph, parameters, wanted }
    }

    /// Names and shapes as the hits have them: a weight is the parts that it was trained as where those are there.
    fn needed(&self, file: &WeightFile, hits: &Hits) -> Vec<(String, Vec<usize>)> {
        let mut needed = Vec::new();
        for (index, (name, shape)) in self.parameters.iter().enumerate() {
            let has = |part| hits.contains_key(&(index, part));
            let layer = name.strip_suffix(".weight").unwrap_or(name);
            let sign = (format!("{layer}.sign"), shape.clone());
            if has(Part::Whole) || !(has(Part::Sign) && (has(Part::Shift) || has(Part::Scale))) {
                needed.push((name.clone(), shape.clone()));
            } else if has(Part::Shift) {
                needed.extend([(format!("{layer}.shift"), shape.clone()), sign]);
            } else {
                // How many rows a scale has says how many bits a weight has.
                let found = &file.tensors[hits[&(index, Part::Scale)]].shape;
                let scale = [&found[..found.len().min(1)], shape].concat();
                needed.extend([(format!("{layer}.scale"), scale), sign]);
            }
        }
        needed
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.contains_key(name)
    }
}

/// A prefix under which names of the network are.
struct Place<'f> {
    prefix: &'f str,
    hits: Hits,
    /// Parameters that are there in their shape, and that are there at all.
    score: (usize, usize),
    /// Of the file's order.
    first: usize,
}

impl Place<'_> {
    /// Other places with as much of the network; one within another, such as `layer1.0.` of a residual network, has little.
    fn rivals<'p, 'f>(&self, places: &'p [Place<'f>]) -> Vec<&'p Place<'f>> {
        let is_rival = |place: &&Place| {
            place.prefix != self.prefix && place.score.0 * 10 >= self.score.0 * 9 && self.score.0 > 0
        };
        places.iter().filter(is_rival).collect()
    }
}

impl WeightFile<'_> {
    /// Whether all names and shapes of a network, and no others beside them, are in the file.
    pub fn fits(&self, graph: &Graph) -> bool {
        let names = self.current_names();
        let network = Network::new(graph);
        let places = self.places(&network, &names);
        let best = self.best(&network, &places, None, &names);
        best.is_some_and(|best| self.check(&network, best, &places, &names).is_ok())
    }

    /// The place under this key with most of the network; of equals one without other names, and of these the usual one.
    fn best<'p, 'f>(
        &self,
        network: &Network,
        places: &'p [Place<'f>],
        key: Option<&str>,
        names: &[String],
    ) -> Option<&'p Place<'f>> {
        let named = || places.iter().filter(|place| is_named(place.prefix, key));
        let score = named().map(|place| place.score).max()?;
        let mut equals: Vec<&Place> = named().filter(|place| place.score == score).collect();
        equals.sort_by_key(|place| (rank(place.prefix), place.first));
        let whole = equals.iter().find(|place| self.check(network, place, places, names).is_ok());
        whole.or(equals.first()).copied()
    }

    fn current_names(&self) -> Vec<String> {
        self.tensors.iter().map(|tensor| current(&tensor.name).into_owned()).collect()
    }

    /// The weights of a network, wherever in the file they are, or under a key that is named.
    ///
    /// # Errors
    /// [`Error::BadArgument`] where the names or shapes under the best prefix are not all of the network's,
    /// [`Error::NoSuchKey`]; [`Error::BadFile`] for tensors that cannot be decoded.
    pub fn choose(&self, graph: &Graph, key: Option<&str>) -> Result<Chosen> {
        let names = self.current_names();
        let network = Network::new(graph);
        let places = self.places(&network, &names);
        let Some(best) = self.best(&network, &places, key, &names) else {
            return Err(self.nothing(&network, &names, key, &places));
        };
        if best.score.1 * 2 < network.parameters.len() && !self.modules.is_empty() {
            return Err(self.whole_module());
        }
        self.check(&network, best, &places, &names)?;
        let rivals = best.rivals(&places);
        let others =
            if key.is_none() { rivals.iter().map(|place| shown(place.prefix)).collect() } else { Vec::new() };
        Ok(Chosen {
            state: self.state(&network, best)?,
            key: shown(best.prefix),
            others,
            left_out: self.left_out(best, &rivals),
        })
    }

    fn places<'f>(&self, network: &Network, names: &'f [String]) -> Vec<Place<'f>> {
        let mut places: BTreeMap<&str, Place> = BTreeMap::new();
        for (index, name) in names.iter().enumerate() {
            let starts = std::iter::once(0).chain(name.match_indices('.').map(|(dot, _)| dot + 1));
            for start in starts {
                let Some(&hit) = network.wanted.get(&name[start..]) else { continue };
                let prefix = &name[..start];
                let place = places.entry(prefix);
                let new = || Place { prefix, hits: Hits::new(), score: (0, 0), first: index };
                place.or_insert_with(new).hits.entry(hit).or_insert(index);
            }
        }
        let mut places: Vec<Place> = places.into_values().collect();
        for place in &mut places {
            place.score = self.score(network, &place.hits);
        }
        places
    }

    fn score(&self, network: &Network, hits: &Hits) -> (usize, usize) {
        let fits = |(&(parameter, part), &tensor): (&(usize, Part), &usize)| {
            let (shape, tensor) = (&network.parameters[parameter].1, &self.tensors[tensor]);
            let found = if part == Part::Scale { tensor.shape.get(1..) } else { Some(&tensor.shape[..]) };
            matches!(tensor.content, Content::Unreadable(_)) || found == Some(shape)
        };
        let count = |hits: &mut dyn Iterator<Item = usize>| hits.collect::<BTreeSet<usize>>().len();
        let fitting = hits.iter().filter(|&hit| fits(hit)).map(|(hit, _)| hit.0);
        (count(&mut fitting.into_iter()), count(&mut hits.keys().map(|hit| hit.0)))
    }

    /// Tensors that claim to be the network's: those under the prefix in the dictionaries that hold its parameters, and in
    /// all dictionaries where these are several.
    fn scope(&self, best: &Place, rivals: &[&Place], names: &[String]) -> Vec<usize> {
        let dictionary = |index: usize| &self.tensors[index].name[..self.tensors[index].base];
        let dictionaries: BTreeSet<&str> = best.hits.values().map(|&index| dictionary(index)).collect();
        let is_within = |&index: &usize| {
            names[index].starts_with(best.prefix)
                && (dictionaries.len() > 1 || dictionaries.contains(dictionary(index)))
                && !is_rivals(&names[index], best, rivals)
        };
        (0..names.len()).filter(is_within).collect()
    }

    fn check(&self, network: &Network, best: &Place, places: &[Place], names: &[String]) -> Result<()> {
        let has_auxiliary = network.parameters.iter().any(|(name, _)| is_auxiliary(name));
        let mut found = Shapes::new();
        for index in self.scope(best, &best.rivals(places), names) {
            let name = &names[index][best.prefix.len()..];
            let may_go = is_harmless(name) || (is_auxiliary(name) && !has_auxiliary);
            if !network.is_wanted(name) && may_go {
                continue;
            }
            let tensor = &self.tensors[index];
            if let Content::Unreadable(_) = tensor.content {
                self.decode(tensor)?;
            }
            if found.insert(name, &tensor.shape).is_some() {
                return Err(Error::BadFile(format!("it holds {name} twice: save one state dict by itself")));
            }
        }
        compare(&network.graph.name, &network.needed(self, &best.hits), &found).map_err(Error::BadArgument)
    }

    fn state(&self, network: &Network, best: &Place) -> Result<StateDict> {
        let mut state = StateDict::new();
        for (&(parameter, part), &index) in &best.hits {
            let name = &network.parameters[parameter].0;
            let layer = name.strip_suffix(".weight").unwrap_or(name);
            let name = match part {
                Part::Whole => name.clone(),
                Part::Shift => format!("{layer}.shift"),
                Part::Sign => format!("{layer}.sign"),
                Part::Scale => format!("{layer}.scale"),
            };
            state.insert(name, self.decode(&self.tensors[index])?);
        }
        Ok(state)
    }

    /// Tensors in the same dictionary that are not under the prefix.
    fn left_out(&self, best: &Place, rivals: &[&Place]) -> Vec<String> {
        let dictionary = |tensor: &Tensor| tensor.name[..tensor.base].to_string();
        let dictionaries: BTreeSet<String> =
            best.hits.values().map(|&index| dictionary(&self.tensors[index])).collect();
        let is_left = |tensor: &&Tensor| {
            let name = current(&tensor.name);
            dictionaries.contains(&dictionary(tensor))
                && !name.starts_with(best.prefix)
                && !is_harmless(&name)
                && !is_rivals(&name, best, rivals)
        };
        self.tensors.iter().filter(is_left).map(|tensor| tensor.name.clone()).collect()
    }

    fn nothing(&self, network: &Network, names: &[String], key: Option<&str>, places: &[Place]) -> Error {
        if let Some(key) = key.filter(|_| !places.is_empty()) {
            let best = places.iter().map(|place| place.score).max();
            let places = places.iter().filter(|place| Some(place.score) == best);
            let list: Vec<String> = places.map(|place| quoted(place.prefix)).take(8).collect();
            return Error::NoSuchKey(format!(
                "there are no weights of network {} under `{key}`: they are under {}",
                network.graph.name,
                list.join(", ")
            ));
        }
        if !self.modules.is_empty() {
            return self.whole_module();
        }
        let found = names
            .iter()
            .zip(&self.tensors)
            .map(|(name, tensor)| (name.as_str(), &tensor.shape[..]))
            .collect();
        let message = compare(&network.graph.name, &network.parameters, &found);
        Error::BadArgument(message.err().unwrap_or_default())
    }
}

/// Whether a name is under a rival's prefix that is longer than the best one's, or elsewhere.
fn is_rivals(name: &str, best: &Place, rivals: &[&Place]) -> bool {
    let is_longer = |rival: &&&Place| !best.prefix.starts_with(rival.prefix);
    rivals.iter().filter(is_longer).any(|rival| name.starts_with(rival.prefix))
}

fn is_named(prefix: &str, key: Option<&str>) -> bool {
    let is_empty = |key: &str| key.trim_matches('.').is_empty() && prefix.is_empty();
    key.is_none_or(|key| {
        is_empty(key) || format!(".{prefix}").contains(&format!(".{}.", key.trim_matches('.')))
    })
}

fn quoted(prefix: &str) -> String {
    if prefix.is_empty() { "no key".into() } else { format!("`{}`", shown(prefix)) }
}

fn shown(prefix: &str) -> String {
    prefix.trim_end_matches('.').into()
}
