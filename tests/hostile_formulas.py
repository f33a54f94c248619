"""Texts that are no formulas: attacks on parsers, slips of typing, and what only looks right."""

PROGRAMS = r'''
__import__('os').system('id')
__import__("os")
__builtins__
__name__
__file__ + 1
().__class__.__bases__[0].__subclasses__()
x.__class__
x.__class__.__mro__
(1).__class__
x.real
x.T.T.base
x.shape
x.func
x.args[0]
np.exp(x)
os.system(x)
sys.exit(0)
exec(x)
exec("1")
eval(x)
eval('1+1')
compile(x, x, x)
open(x)
open('/etc/passwd').read()
input(x)
print(x)
breakpoint()
exit
exit()
quit()
help(x)
globals()
globals()[x]
locals()
vars(x)
dir(x)
getattr(x, y)
setattr(x, y, 1)
delattr(x, y)
type(x)
object
super()
id(x)
memoryview(x)
license
copyright()
lambda: 0
lambda x: x
(lambda x: x)(1)
lambda *a: a
x if y else z
x if x > 0 else 0
not x if y else z
[x for x in y]
(x for x in y)
{x for x in y}
{x: y for x in y}
{1: 2}
{'a': x}
[*x]
(*x, y)
f(*x)
sum(*x)
sum(**x)
sum(x, axis=__import__('os'))
sum(x, axis=lambda: 0)
sum(x, axis=y)
sum(x, axis='0')
sum(x, out=y)
sum(x, axis=0, axis=1)
sum(axis=0)
sum()
sum(x, 0, True, 1, 2)
exp()
exp(x, y)
exp(x=)
exp(=x)
exp(x=x, x=x)
max()
max(x, axis=7)
(x := 1)
x := 1
x = y = z
x += 1
x == (y = 1)
import os
from os import system
import os; x
x; import os
x; x
def f(x): return x
class A: pass
return x
yield x
await x
async x
raise x
assert x
del x
global x
nonlocal x
pass
while x: y
for x in y: z
with x as y: z
try: x
@x
@x def f(): pass
@decorator
x @
@ x
print x
x is y
x is not None
x in y
x not in y
None
True
False
True + 1
None(x)
...
Ellipsis
NotImplemented
"x"
'x'
"""x"""
b'x'
rb"x"
f"{x}"
f'{__import__("os")}'
u'x'
'a' * 9999999999
x."y"
`x`
$x
$(id)
`id`
x | y
x & y
x ^ ^ y
x ~ y
~x
x % y
x // y
x << 2
x >> 2
x <> y
x -> y
x => y
x !
x!
!x
x?
x ? y : z
x\
\x
\frac{1}{2}
\exp(x)
x\n
1j
2j * x
1e400
-1e400
1e999999999
nan
NaN
inf
-inf
Infinity
∞
0x41
0b11
0o17
1_000
1__0
1.2.3
1..2
1e
..x
x..y
.
,
:
;
=
()
[]
{}
(,)
(x,)
(x, y)
[x,,y]
(
)
((x)
(x))
(x]
[x)
{x]
x[
x[]
x[0
x[0]]
x[0,0,0]
x[y]
x[0.5]
x['a']
x[lambda: 0]
x[::0]
x[1:2:3:4]
X[None:x]
2[x]
2[0]
|x
x|
||x|
‖x
‖x|
|x|| y
‖x‖_3
‖X‖_1
1[x]
1[x > 0
1[]
𝟙
𝟙 x
x >
> x
x > > y
x and
and x
or
not
x or or y
x +
+
* x
x * * y
x *** y
x **
x ^
^x
x^^2
x^{2
x^[2]
9**9**9**9
9**9**9
9^9^9^9
(9**9)**9
(9**99)**99
10**400
2**-9999999
x**99999999
99999999999999999999999999
0**-1
(-8)^0.5
(-8)**(1/3)
1/0 ** 2 ** 2
factorial(99999999)
gamma(x)
Integral(x)
Matrix([1])
Symbol('x')
symbols(x)
sympify(x)
S(x)
E(x)
N(x)
solve
solve(x)
einsum(x)
einsum("ij->ji", X)
apply(x)
unroll(x)
scan(x)
parameter(x)
const(x)
let(x, y)
let
let x
let x =
let = 3
let 2 = x
let x + y = 2
let x.y = 2
let x[0] = 2; x
x() = 3
eye(99999999)
eye(100000, 100000)
ones((99999, 99999))
zeros(-1)
ones(x)
arange(99999999999)
tile(x, 99999999)
repeat(x, 99999999)
pad(x, 99999999)
reshape(x, (-1, -1))
X^99999999
X^0.5
X^-99999999
X^x
Y^2
X**-1
X^T^T^
ᵀ
ᵀx
xᵀᵀᵀ²⁻
x⁻
x⁺⁻¹
²
x²³⁻
x X x
x xᵀ x x
xᵀ ⊙ x
X xᵀ
X @ 2
x * X @ x
a / b c
a/b(c)
1/2x
a / b@c
1 / x y
log x y
exp x @ y
tanh W x
σ x y z
log
log + 1
sin²(x)
tanh^2(x)
Σ(x)²
Σ(x - y) x
Σ_i x_i
Σ_{i=1}^n x_i
∑ᵢ xᵢ
Σ
∫ x
∂x
∇x
d/dx x²)
x ∈ y
x → y
x ⟨y⟩
{x
sofmax(x)
softmx (x)
Exp(x)
SUM(x)
foo(x)
foo(x)(y)
f(x)
y(x)
xy(1)
_x
__x
x__y
__
_
x_
x_{1}
x'
x''
x′
1x__import__
ехр(х)
х + 1
ｘ + 1
𝐱 + 1
ﬁ(x)
א + ב
😀
x😀
§x
¬
∧
'''

#: One text a line; the lines of programs that need more are in ODD.
LINES = [line for line in PROGRAMS.split("\n") if line]

#: Long, deep, or with characters that no file of formulas holds.
ODD = [
    "",
    " ",
    "\n",
    "\n;\n",
    "# only a remark",
    "\t",
    "\x00",
    "x\x00",
    "x + \x00y",
    "\x1b[31mx",
    "x\u200b",
    "x\u202ey",
    "x\u2066y",
    "\ufeffx",
    "x\u00ad",
    "\ud800",
    "x\udcff",
    "\uffff",
    "\ue000",
    "x\x08y",
    "x\x7f",
    "x\x85y + )",
    "(" * 100_000,
    "(" * 100_000 + "x" + ")" * 100_000,
    "[" * 50_000 + "]" * 50_000,
    "-" * 19_000,
    "+-" * 9_000 + ")",
    "x" + "+x" * 30_000,
    "x" * 100_000,
    "9" * 5_000,
    "1e" + "9" * 5_000,
    "0." + "1" * 5_000,
    "x^" * 5_000 + "2",
    "x**" * 5_000 + "2",
    "exp " * 5_000 + "x",
    "√" * 5_000 + "x",
    "Σ " * 5_000 + "x",
    "|" * 5_000,
    "‖" * 5_000,
    "x[" * 5_000,
    "f(" * 5_000,
    "exp(" * 4_000,
    "exp(" * 50 + "x" + ")" * 50,
    "x" + "ᵀ" * 10_000 + ")",
    "x" + "²" * 10_000,
    "let a = x\n" * 900,
    "input x=" + "9" * 500 + "\nx",
    "input x=9999999,9999999\nsum(x)",
    "input =3\nx",
    "shape x=-1\nx",
    "shape x=y.z\nx",
    "shape x=__a__\nx",
    "parameter x=a y=b\nx",
    "function exp\nexp(x)",
    "function f\nf(x) + f(x, x)",
    "assume\nx",
    "assume x\nx",
]
