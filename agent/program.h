/* program.h - the program's name, which carries its hidden size: starling-agent-16. */
#ifndef SL_AGENT_PROGRAM_H
#define SL_AGENT_PROGRAM_H

#define SL_AGENT_TEXT_(x) #x
#define SL_AGENT_TEXT(x)  SL_AGENT_TEXT_(x)
#define SL_AGENT_SIZE     SL_AGENT_TEXT(SL_HIDDEN)
#define SL_AGENT_PROGRAM  "starling-agent-" SL_AGENT_SIZE

#endif
