//! An oracle for derivatives: each is compared at random points with differences of the function
//! itself, in double-double arithmetic (`precise`), first derivatives to 1e-10, second ones to
//! 1e-8.
//!
//! It works through the session in which the script ran. A derivative is checked where the
//! statement is one that [`Asked`] knows, of numbers or arrays, by numbers or arrays: the
//! formula in double-double arithmetic, and its value in doubles.

use gradus::check::Item;
use gradus::eval;
use gradus::expr::{ExprId, Graph, SymbolId};
use gradus::session::Session;

use super::close;
use super::point::Point;
use super::precise::array::Array;
use super::precise::double::Dd;
use super::precise::{differences, evaluate};
use super::script::line_in;
use super::statement::Asked;

/// How many finite random points are wanted, and how many are tried.
const POINTS: usize = 3;
const TRIES: usize = 48;
/// Points where the function is larger than this are passed over.
const LARGEST: f64 = 1e6;
/// Largest relative error of first and second derivatives.
const TOLERANCES: [f64; 2] = [1e-10, 1e-8];
/// Below this the error of the formula is taken as absolute.
const SMALL: f64 = 1e-6;

/// The answer to a statement: a derivative in parts.
pub struct Answer {
    /// 1, 2, or 0 for a Hessian times a direction.
    order: usize,
    /// By what the parts derive, where they are labelled.
    unknowns: Vec<SymbolId>,
    parts: Vec<ExprId>,
}

impl Answer {
    /// Whether it is the product of a Hessian with a direction.
    pub fn is_directional(&self) -> bool {
        self.order == 0
    }

    /// By what the parts derive, where they are labelled.
    pub fn unknowns(&self) -> &[SymbolId] {
        &self.unknowns
    }

    /// The nodes, one a label.
    pub fn nodes(self) -> Vec<ExprId> {
        self.parts
    }
}

/// Runs a line and gives the item that it left.
fn item(session: &mut Session, line: &str) -> Result<Item, String> {
    let ran = line_in(session, line);
    if ran.outcome.failed {
        return Err(ran.findings());
    }
    let mut answer = session.names().filter(|(n, _)| *n == "ans");
    answer.next().map(|(_, entry)| entry.item.clone()).ok_or(format!("`{line}` has no value"))
}

/// The derivative that a statement asks for, taken again.
pub fn answer(session: &mut Session, statement: &str) -> Result<Answer, String> {
    match item(session, statement)? {
        Item::Labelled(l) => {
            Ok(Answer { order: l.order, unknowns: l.unknowns.clone(), parts: l.parts.clone() })
        }
        Item::Expr(e) => Ok(Answer { order: 1, unknowns: Vec::new(), parts: vec![e] }),
        other => Err(format!("`{statement}` is {}", other.kind())),
    }
}

/// One number of an unknown.
type Entry = (SymbolId, usize);

/// A part of a derivative, and by what it derives: its numbers go by those of the function, then
/// by the first entries, then by the second.
struct Part {
    node: ExprId,
    by: Vec<Vec<Entry>>,
}

/// Compares the derivative that a statement asks for with differences; true where it asks for
/// one.
pub fn derivative(session: &mut Session, statement: &str) -> Result<bool, String> {
    let Some(asked) = Asked::by(statement) else { return Ok(false) };
    let of = function(session, asked.of())?;
    let answer = answer(session, statement)?;
    let directional = answer.order == 0;
    let parts = parts(session, &asked, statement, answer)?;
    let g = session.graph();
    let nodes: Vec<ExprId> = parts.iter().map(|p| p.node).chain([of]).collect();
    let mut found = 0;
    for k in 0..TRIES {
        let point = Point::random(g, &nodes, k);
        let moderate = |v: &Dd| v.is_finite() && v.value().abs() <= LARGEST;
        let Ok(base) = numbers(g, of, &point) else { continue };
        if !base.iter().all(moderate) {
            continue;
        }
        let direction = if directional { Some(point.direction(g)) } else { None };
        let mut compared = true;
        for part in &parts {
            compared = agrees(g, of, part, &point, direction.as_deref())
                .map_err(|why| format!("`{statement}` at {}: {why}", point.text(g)))?;
            if !compared {
                break;
            }
        }
        found += usize::from(compared);
        if found == POINTS {
            return Ok(true);
        }
    }
    if found == 0 {
        Err(format!("`{}` is finite and moderate at none of {TRIES} random points", asked.of()))
    } else {
        Ok(true)
    }
}

/// The node that is differentiated; of a function its body.
fn function(session: &mut Session, of: &str) -> Result<ExprId, String> {
    let named = session.names().find(|(n, _)| *n == of).map(|(_, entry)| entry.item.clone());
    match named.map_or_else(|| item(session, of), Ok)? {
        Item::Expr(e) | Item::Truth(e) => Ok(e),
        Item::Labelled(l) if l.parts.len() == 1 => Ok(l.parts[0]),
        Item::Function(f) => match &f.generic {
            Some((_, body)) => Ok(*body),
            None => Err(format!("the shapes of the arguments of `{of}` are not known")),
        },
        other => Err(format!("`{of}` is {}", other.kind())),
    }
}

/// The parts of an answer, each with the entries by which it derives.
fn parts(
    session: &mut Session,
    asked: &Asked,
    statement: &str,
    answer: Answer,
) -> Result<Vec<Part>, String> {
    if let Asked::Diff(_, by) = asked {
        let by = by.iter().map(|text| entries(session, text)).collect::<Result<_, _>>()?;
        return Ok(vec![Part { node: answer.parts[0], by }]);
    }
    let mut unknowns = answer.unknowns;
    if let Some((_, name)) = statement.rsplit_once(").").filter(|_| unknowns.is_empty()) {
        unknowns.push(unknown(session, name)?);
    }
    let g = session.graph();
    let all = |s: SymbolId| (0..g.symbol(s).shape.len()).map(|k| (s, k)).collect::<Vec<Entry>>();
    let by = |k: usize| match answer.order {
        2 => vec![all(unknowns[k / unknowns.len()]), all(unknowns[k % unknowns.len()])],
        _ => vec![all(unknowns[k])],
    };
    let nodes = answer.parts.iter().enumerate();
    Ok(nodes.map(|(k, &node)| Part { node, by: by(k) }).collect())
}

fn unknown(session: &Session, name: &str) -> Result<SymbolId, String> {
    let entry = session.names().find(|(n, _)| *n == name).map(|(_, entry)| &entry.item);
    let leaf = if let Some(Item::Expr(e)) = entry { session.graph().as_symbol(*e) } else { None };
    leaf.ok_or_else(|| format!("`{name}` is no unknown"))
}

/// The entries that `x`, `x[2]` or `W[1, k]` stand for.
fn entries(session: &mut Session, text: &str) -> Result<Vec<Entry>, String> {
    let (name, indices) = match text.split_once('[') {
        Some((name, rest)) => (name, rest.trim_end_matches(']').split(',').collect()),
        None => (text, Vec::new()),
    };
    let symbol = unknown(session, name)?;
    let shape = session.graph().symbol(symbol).shape;
    if indices.is_empty() {
        return Ok((0..shape.len()).map(|k| (symbol, k)).collect());
    }
    let mut at = 0;
    for index in indices {
        let Item::Expr(e) = item(session, index)? else {
            return Err(format!("`{index}` is no index"));
        };
        let value = eval::evaluate_known(session.graph(), e).map_err(|e| format!("{e:?}"))?;
        at = at * shape.cols() + value.data()[0] as usize - 1;
    }
    Ok(vec![(symbol, at)])
}

fn numbers(g: &Graph, e: ExprId, point: &Point) -> Result<Vec<Dd>, String> {
    evaluate::evaluate(g, e, &|s| point.value(s).map(Array::of)).map(|a| a.data)
}

/// Whether the part could be compared at the point, where the function has derivatives; an
/// error where it differs from them.
fn agrees(
    g: &Graph,
    of: ExprId,
    part: &Part,
    point: &Point,
    direction: Option<&[(Entry, f64)]>,
) -> Result<bool, String> {
    let order = if direction.is_some() { 2 } else { part.by.len() };
    let expected = expected(g, of, part, point, direction)?;
    if !expected.iter().all(|v| v.is_finite()) {
        return Ok(false);
    }
    let tolerance = TOLERANCES[order - 1];
    let formula = numbers(g, part.node, point)?;
    let same = |(a, b): (&Dd, &Dd)| {
        let error = (*a - *b).value().abs();
        error <= tolerance * a.value().abs().max(b.value().abs()).max(SMALL)
    };
    if formula.len() != expected.len() || !formula.iter().zip(&expected).all(same) {
        return Err(format!(
            "the formula gives {:?}, differences {:?}",
            plain(&formula),
            plain(&expected)
        ));
    }
    let lookup = |s: SymbolId| point.value(s).cloned();
    let value = eval::evaluate(g, &[part.node], &lookup).map_err(|e| format!("{e:?}"))?;
    let found = value[0].data();
    if !found.iter().zip(&expected).all(|(a, b)| close(*a, b.value(), tolerance)) {
        return Err(format!("in doubles it is {found:?}, by differences {:?}", plain(&expected)));
    }
    Ok(true)
}

fn plain(numbers: &[Dd]) -> Vec<f64> {
    numbers.iter().map(|v| v.value()).collect()
}

/// The derivatives by differences, in the order of [`Part`].
fn expected(
    g: &Graph,
    of: ExprId,
    part: &Part,
    point: &Point,
    direction: Option<&[(Entry, f64)]>,
) -> Result<Vec<Dd>, String> {
    let along = |moves: &[(Entry, f64)], t: f64| numbers(g, of, &point.moved(moves, t));
    let twice = |moves: &[(Entry, f64)]| differences::second(|t| along(moves, t));
    // Mixed derivatives from those along both, and along their sum.
    let mixed = |a: &[(Entry, f64)], b: &[(Entry, f64)]| -> Result<Vec<Dd>, String> {
        let (both, a, b) = (twice(&[a, b].concat())?, twice(a)?, twice(b)?);
        Ok((0..both.len()).map(|i| (both[i] - a[i] - b[i]).scale(0.5)).collect())
    };
    let mut columns = Vec::new();
    for &first in &part.by[0] {
        let first = [(first, 1.0)];
        match (part.by.get(1), direction) {
            (None, None) => columns.push(differences::first(|t| along(&first, t))?),
            (None, Some(d)) => columns.push(mixed(&first, d)?),
            (Some(seconds), _) => {
                for &second in seconds {
                    columns.push(match second == first[0].0 {
                        true => twice(&first)?,
                        false => mixed(&first, &[(second, 1.0)])?,
                    });
                }
            }
        }
    }
    let rows = columns.first().map_or(0, Vec::len);
    Ok((0..rows).flat_map(|i| columns.iter().map(move |c| c[i])).collect())
}
