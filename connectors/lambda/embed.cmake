# Turns a text file into a C++ source with one constant: run as
#   cmake -DINPUT=file -DOUTPUT=file.cpp -DNAME=kConstant -P embed.cmake
# The text is cut into raw strings, because a literal has a length that compilers guarantee.
file(READ ${INPUT} text)
set(body "")
string(LENGTH "${text}" length)
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 4000 piece)
  string(APPEND body "    R\"pawl~(${piece})pawl~\"\n")
  math(EXPR at "${at} + 4000")
endwhile()
file(WRITE ${OUTPUT}
  "// Made from ${INPUT} by connectors/lambda/embed.cmake.\n"
  "#include \"connectors/lambda/bootstraps.h\"\n\n"
  "namespace pawl::connectors {\n\nconst char ${NAME}[] =\n${body}    ;\n\n"
  "}  // namespace pawl::connectors\n")
