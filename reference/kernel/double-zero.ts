/**
 * The initial value of a field that will hold numbers past 2^31 or fractions. V8 keeps small integers and doubles in
 * different ways: a field that begins with 0 and later holds a large number changes the shape of its object, and all
 * compiled code that knows the object is thrown away in the midst of a run. A field that begins with -0 holds doubles
 * from the start; the first number added to it makes it an ordinary one.
 */
export const DOUBLE_ZERO = -0;
