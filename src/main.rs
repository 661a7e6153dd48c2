use gradus::session::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let text = if a[1] == "-e" { a[2].clone() } else { std::fs::read_to_string(&a[1]).unwrap() };
    let jit = std::env::var("NOJIT").is_err();
    let mut s = Session::new(Settings { jit, ..Default::default() });
    if a[1] != "-e" {
        s.set_base(std::path::Path::new(&a[1]).parent().unwrap());
    }
    s.run("a.opt", &text, &mut |src, o| match o {
        Output::Finding(d) => {
            eprintln!("{}", gradus::diag::render(src, &d, gradus::diag::Style { color: false }))
        }
        Output::Value { text, value, .. } => {
            println!("{text}    {value:?}")
        }
        Output::Fit { fit, .. } => {
            println!(
                "{} {} {} {} it{} {:?} {:?} | {} {:?} {:?}",
                fit.method,
                fit.status,
                fit.value,
                fit.grad_norm,
                fit.iterations,
                fit.evaluations,
                fit.solution
                    .iter()
                    .map(|(n, t)| (n.clone(), t.data().to_vec()))
                    .collect::<Vec<_>>(),
                fit.message,
                fit.point(),
                fit.standard_errors()
                    .map(|v| v.iter().map(|(_, t)| t.data().to_vec()).collect::<Vec<_>>())
            );
        }
        o => println!("{o:?}"),
    });
}
