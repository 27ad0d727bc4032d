// llama.cpp's own grammar parser and matcher behind two functions, compiled from its source without the rest of it.
#include "llama-grammar.h"
#include "llama-impl.h"
#include "llama-vocab.h"

#include <cstdarg>
#include <cstdio>

void llama_log_internal(ggml_log_level, const char * format, ...) {
    va_list rest;
    va_start(rest, format);
    vfprintf(stderr, format, rest);
    va_end(rest);
}

extern "C" void ggml_abort(const char * file, int line, const char *, ...) {
    fprintf(stderr, "%s:%d\n", file, line);
    abort();
}

// Grammars of text alone need no vocabulary.
const std::string & llama_vocab::token_to_piece(llama_token) const {
    abort();
}

bool llama_vocab::is_eog(llama_token) const {
    abort();
}

int32_t llama_vocab::tokenize(const char *, int32_t, llama_token *, int32_t, bool, bool) const {
    abort();
}

extern "C" void * grammar_new(const char * text) {
    return llama_grammar_init_impl(nullptr, text, "root", false, nullptr, 0, nullptr, 0);
}

extern "C" void grammar_free(void * grammar) {
    llama_grammar_free_impl(static_cast<llama_grammar *>(grammar));
}

// How many characters are accepted: n + 1 if the text may end there as well.
extern "C" long grammar_match(void * made, const uint32_t * text, long n) {
    llama_grammar * grammar = llama_grammar_clone_impl(*static_cast<llama_grammar *>(made));
    auto & stacks = llama_grammar_get_stacks(grammar);
    long at = 0;
    while (at < n) {
        llama_grammar_accept(grammar, text[at]);
        if (stacks.empty()) {
            break;
        }
        at++;
    }
    if (at == n) {
        for (const auto & stack : stacks) {
            if (stack.empty()) {
                at = n + 1;
                break;
            }
        }
    }
    llama_grammar_free_impl(grammar);
    return at;
}
