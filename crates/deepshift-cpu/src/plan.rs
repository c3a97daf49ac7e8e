//! Which nodes are computed, and how long their values are kept.

/// The order of computation of a network, for one output.
#[derive(Debug)]
pub(crate) struct Plan {
    /// For each node its operands, or nothing where the output does not depend on it.
    needed: Vec<Option<Vec<usize>>>,
    /// The last node that uses each node's value.
    last_use: Vec<usize>,
    output: usize,
}

impl Plan {
    /// From the operands of each node, which come before it.
    pub fn new<'a>(operands: impl Iterator<Item = &'a [usize]>, output: usize) -> Self {
        let operands: Vec<&[usize]> = operands.collect();
        let mut needed: Vec<Option<Vec<usize>>> = vec![None; operands.len()];
        let mut last_use: Vec<usize> = (0..operands.len()).collect();
        for node in (0..=output).rev() {
            if node == output || last_use[node] != node {
                for &operand in operands[node] {
                    last_use[operand] = last_use[operand].max(node);
                }
                needed[node] = Some(operands[node].to_vec());
            }
        }
        Self { needed, last_use, output }
    }

    pub fn is_needed(&self, node: usize) -> bool {
        self.needed[node].is_some()
    }

    /// Computes the output with `compute(node, operands)`, dropping every value after its last use; `after(node)` follows
    /// each.
    pub fn run<V, E>(
        &self,
        mut compute: impl FnMut(usize, &[&V]) -> Result<V, E>,
        after: &mut dyn FnMut(usize),
    ) -> Result<Option<V>, E> {
        let mut values: Vec<Option<V>> = Vec::new();
        for (node, operands) in self.needed.iter().enumerate().take(self.output + 1) {
            let value = match operands {
                Some(operands) => {
                    let operands: Vec<&V> =
                        operands.iter().filter_map(|&index| values[index].as_ref()).collect();
                    let value = compute(node, &operands)?;
                    after(node);
                    Some(value)
                }
                None => None,
            };
            values.push(value);
            for &operand in operands.iter().flatten() {
                if self.last_use[operand] == node {
                    values[operand] = None;
                }
            }
        }
        Ok(values.pop().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn values_live_until_their_last_use() {
        // 0 -> 1 -> 2 -> 4 (adds 0 and 2), 3 is not needed, 5 comes after the output.
        let operands: [&[usize]; 6] = [&[], &[0], &[1], &[1], &[2, 0], &[4]];
        let plan = Plan::new(operands.into_iter(), 4);
        let mut alive = Vec::new();
        let mut observed = Vec::new();
        let compute = |node: usize, operands: &[&Rc<usize>]| {
            let value = Rc::new(node);
            alive.push((node, operands.iter().map(|value| ***value).collect::<Vec<_>>()));
            Ok::<_, ()>(value)
        };
        let result = plan.run(compute, &mut |node| observed.push(node));
        assert_eq!(result, Ok(Some(Rc::new(4))));
        assert_eq!(observed, [0, 1, 2, 4]);
        assert_eq!(alive, [(0, vec![]), (1, vec![0]), (2, vec![1]), (4, vec![2, 0])]);
        assert!(!plan.is_needed(3) && !plan.is_needed(5));
        assert_eq!(plan.last_use[..3], [4, 2, 4]);
    }

    #[test]
    fn a_repeated_operand_is_kept() {
        let operands: [&[usize]; 2] = [&[], &[0, 0]];
        let plan = Plan::new(operands.into_iter(), 1);
        let compute = |node: usize, operands: &[&usize]| {
            Ok::<_, ()>(if node == 0 { 3 } else { operands.iter().copied().sum() })
        };
        let sum = plan.run(compute, &mut |_| ());
        assert_eq!(sum, Ok(Some(6)));
    }
}
